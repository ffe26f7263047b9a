"""A page's text as HTML."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.widgets.page_text import page_html

TABLE = "| Year | Revenue |\n| --- | --- |\n| 2024 | 3.1 |\n| 2025 | 4.2 |"


def test_a_quote_is_marked_whatever_its_line_breaks() -> None:
    shown, found = page_html("Costs <b>rose</b>\nby   4 %.", "costs <B>rose</B> by 4")
    assert found
    assert shown == '<mark id="quote">Costs &lt;b&gt;rose&lt;/b&gt;\nby   4</mark> %.'


@pytest.mark.parametrize("quote", [None, "", "something else"])
def test_text_without_the_quote_is_shown_as_it_is(quote: str | None) -> None:
    assert page_html("a < b", quote) == ("a &lt; b", False)


def test_a_table_is_shown_as_one_between_the_text_around_it() -> None:
    shown, found = page_html(f"Before\n\n{TABLE}\n\nAfter", None)
    assert not found
    assert shown == (
        "Before\n\n<table><thead><tr><th>Year</th><th>Revenue</th></tr></thead><tbody>"
        "<tr><td>2024</td><td>3.1</td></tr><tr><td>2025</td><td>4.2</td></tr></tbody></table>\nAfter"
    )


@pytest.mark.parametrize(
    ("quote", "marks"),
    [
        ("4.2", ['<mark id="quote">4.2</mark>']),
        ("| 2025 | 4.2 |", ['<mark id="quote">2025</mark>', "<mark>4.2</mark>"]),
        ("Revenue | | --- | --- | | 2024", ['<mark id="quote">Revenue</mark>', "<mark>2024</mark>"]),
        (f"Before {TABLE} Aft", ['<mark id="quote">Before\n\n</mark>', "<mark>4.2</mark>", "<mark>\nAft</mark>"]),
    ],
)
def test_a_quote_is_marked_in_each_cell_that_it_reaches(quote: str, marks: list[str]) -> None:
    shown, found = page_html(f"Before\n\n{TABLE}\n\nAfter", quote)
    assert found
    for mark in marks:
        assert mark in shown
    assert shown.count('id="quote"') == 1


def test_cells_are_as_harmless_as_text() -> None:
    row = "| <script>alert(1)</script> | [a](https://evil.example) ![b](https://evil.example/b.png) | a \\| b | |"
    shown, _ = page_html(f"| a | b | c | d |\n| --- | --- | --- | --- |\n{row}", "alert(1)")
    assert "<script" not in shown
    assert "<a" not in shown
    assert "<img" not in shown
    assert "[a](https://evil.example) ![b](https://evil.example/b.png)" in shown
    assert "<td>a | b</td><td></td>" in shown


@pytest.mark.parametrize("text", ["| a | b |", "| a |\n| b |", "| a | b |\n| --- |\n| 1 | 2 |", "a | b\n--- | ---"])
def test_what_is_no_table_of_ours_stays_text(text: str) -> None:
    assert page_html(text, None) == (text, False)


def test_a_row_that_ends_in_an_escaped_bar_loses_nothing() -> None:
    shown, _ = page_html("| a | b |\n| --- | --- |\n| 1 | 2 \\|", None)
    assert "<td>1</td><td>2 |</td>" in shown


LINE = st.one_of(st.sampled_from(["| a | b |", "| --- | --- |", "|---|"]), st.text("|\\ a<&-", max_size=8))
TAGS = {f"<{end}{name}>" for name in ("table", "thead", "tbody", "tr", "th", "td", "mark") for end in ("", "/")}


@given(st.lists(LINE, max_size=7).map("\n".join), st.text("|-\\ a<&", max_size=6))
def test_no_word_is_lost_and_no_tag_of_the_text_works(text: str, quote: str) -> None:
    shown, _ = page_html(text, quote)
    assert set(re.findall(r"<[^>]*>", shown)) <= {*TAGS, '<mark id="quote">'}
    for letter in "ab<&":
        assert html.unescape(re.sub(r"<[^>]*>", "", shown)).count(letter) == text.count(letter)
