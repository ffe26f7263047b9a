"""Cutting a stream into plain text and constructs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.scanning import Kind, Scanned, Scanner, numbers_of


def scan(*pieces: str) -> list[tuple[Kind, str]]:
    scanner = Scanner()
    found = [each for piece in pieces for each in scanner.feed(piece)]
    return [(each.kind, each.gap + each.text) for each in (*found, *scanner.finish())]


def shown(scanner: Scanner, text: str) -> str:
    return "".join(each.gap + each.text for each in scanner.feed(text))


@pytest.mark.parametrize("marker", ["[1]", "[12]", "[1, 2]", "[1;3]", "[2-4]", "[ 3 ]", "[1 and 2]"])
def test_a_marker_is_one_piece_with_the_blank_before_it(marker: str) -> None:
    assert scan(f"Port 8002 {marker}. More") == [
        (Kind.PLAIN, "Port 8002"),
        (Kind.MARKER, f" {marker}"),
        (Kind.PLAIN, ". More"),
    ]


@pytest.mark.parametrize("text", ["an array[i] here", "[not a marker] here", "[1234] is long", "a [ b"])
def test_other_brackets_are_plain_text(text: str) -> None:
    assert {kind for kind, _ in scan(text)} == {Kind.PLAIN}


@pytest.mark.parametrize(
    "active",
    [
        "[text](https://example.org/a)",
        "![picture](https://example.org/a.png)",
        "[1](https://example.org)",
        "<img src=x>",
        "</b>",
        "https://example.org/path?q=1",
        "www.example.org",
        "HTTP://EXAMPLE.ORG",
    ],
)
def test_links_images_tags_and_addresses_are_one_piece(active: str) -> None:
    assert (Kind.ACTIVE, f" {active}") in scan(f"See {active} now")
    assert (Kind.ACTIVE, f" {active}") in scan(*f"See {active} now")


def test_the_target_of_a_link_whose_label_has_line_breaks_is_still_judged() -> None:
    assert (Kind.ACTIVE, "](//evil.example)") in scan("[a\nb](//evil.example) c")


def test_code_goes_through_as_it_is() -> None:
    assert scan("Use `a[1]` or\n```\nx = a[1]\n``` [2]") == [
        (Kind.PLAIN, "Use"),
        (Kind.CODE, " `a[1]`"),
        (Kind.PLAIN, " or\n"),
        (Kind.CODE, "```\nx = a[1]\n```"),
        (Kind.MARKER, " [2]"),
    ]


def test_plain_text_is_not_held_back() -> None:
    scanner = Scanner()
    assert shown(scanner, "The default") == "The default"
    assert shown(scanner, " port") == " port"


def test_an_incomplete_marker_is_held_back_until_it_is_complete() -> None:
    scanner = Scanner()
    assert shown(scanner, "port 8002 [") == "port 8002"
    assert shown(scanner, "1") == ""
    assert shown(scanner, "]") == ""  # it may become a link
    assert shown(scanner, ".") == " [1]."


def test_blanks_are_held_back_because_the_marker_after_them_may_go() -> None:
    scanner = Scanner()
    assert shown(scanner, "port 8002 ") == "port 8002"
    assert shown(scanner, "is") == " is"


@pytest.mark.parametrize("text", ["ends with [", "ends with [1", "a `code", "```\nno end", "a < b", "ends with !", "h"])
def test_what_was_never_closed_comes_out_at_the_end(text: str) -> None:
    assert "".join(piece for _, piece in scan(text)) == text


def test_a_bracket_that_does_not_close_does_not_stop_the_stream() -> None:
    scanner = Scanner()
    assert shown(scanner, "[" + "a" * 400) == "[" + "a" * 400


@given(
    st.text(alphabet=st.sampled_from("ab1 []()!<>`\nhttps:/w.,-"), max_size=60),
    st.lists(st.integers(min_value=1, max_value=5), max_size=60),
)
def test_nothing_is_lost_and_pieces_do_not_depend_on_how_the_text_arrives(text: str, sizes: list[int]) -> None:
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    whole, cut = scan(text), scan(*pieces, rest)
    assert "".join(piece for _, piece in whole) == text
    assert "".join(piece for _, piece in cut) == text
    judged = [each for each in whole if each[0] in (Kind.MARKER, Kind.ACTIVE)]
    assert [each for each in cut if each[0] in (Kind.MARKER, Kind.ACTIVE)] == judged


@pytest.mark.parametrize(
    ("marker", "numbers"),
    [("[1]", [1]), ("[1, 2]", [1, 2]), ("[2-4]", [2, 3, 4]), ("[3, 3]", [3]), ("[5-1]", [5, 1]), ("[1-900]", [1, 900])],
)
def test_reads_the_numbers_of_a_marker(marker: str, numbers: list[int]) -> None:
    assert numbers_of(marker) == numbers


def test_a_piece_keeps_its_gap_apart() -> None:
    scanner = Scanner()
    assert [*scanner.feed("a  [1] b")] == [
        Scanned(Kind.PLAIN, "", "a"),
        Scanned(Kind.MARKER, "  ", "[1]"),
        Scanned(Kind.PLAIN, "", " b"),
    ]
