from collections.abc import Callable
from typing import Any

import pytest

from rag.parsing.blocks import BlockKind, ParsingRefused
from rag.parsing.limits import ParsingLimits

Reader = Callable[..., Any]  # of conftest.Read
Refusal = Callable[..., ParsingRefused]

HEAD = "RFC 9999                   Example Protocol                   March 2026"


def page(body: str, number: int, *, first: bool = False) -> str:
    head = "" if first else f"{HEAD}\n\n\n"
    return f"{head}{body}\n\n\nExample                      Informational                      [Page {number}]\n"


RFC = "\f".join(
    [
        page(
            """Network Working Group                                         A. Example
Request for Comments: 9999                                    March 2026


               The Example Protocol for Well-known Things

Table of Contents

   1. Introduction ................................................ 1
   2. Header Format ............................................... 2

1.  Introduction

   The protocol moves things from here to there.  When a receiver has
   no buffer left, it must answer with the code 42 and wait for thirty""",
            1,
            first=True,
        ),
        page(
            """   seconds before it sends anything again.

   o  The first item of a list that is long enough to need a second
      line.
   o  The second item.

2.  Header Format

    0                   1
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |     Type      |     Length    |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

2.1.  Type

   Type is eight bits.""",
            2,
        ),
        page(
            """   Sending is simple:

      int send(struct packet *p) {
          return write(fd, p->data, p->length);
      }

      send(p);

Author's Address

   A. Example""",
            3,
        ),
    ]
)


def test_an_rfc_keeps_pages_headings_lists_diagrams_and_code(read: Reader) -> None:
    found = read(RFC, "rfc9999.txt")
    assert found.info.pages == 3
    assert found.info.title == "The Example Protocol for Well-known Things"
    headings = [(each.text, each.level, each.page) for each in found.blocks if each.kind is BlockKind.HEADING]
    assert headings == [
        ("Table of Contents", 1, 1),
        ("1. Introduction", 1, 1),
        ("2. Header Format", 1, 2),
        ("2.1. Type", 2, 2),
        ("Author's Address", 1, 3),
    ]
    assert (
        "list: - The first item of a list that is long enough to need a second line.\n- The second item." in found.lines
    )
    code = [each.text for each in found.blocks if each.kind is BlockKind.CODE]
    assert "|     Type      |     Length    |" in code[1]
    assert code[2].split("\n")[1:] == ["       return write(fd, p->data, p->length);", "   }", "", "   send(p);"]


def test_running_heads_of_an_rfc_are_gone_and_a_paragraph_goes_on_over_the_page(read: Reader) -> None:
    found = read(RFC, "rfc9999.txt")
    text = "\n".join(found.lines)
    assert "[Page" not in text
    assert HEAD not in text
    (block,) = [each for each in found.blocks if "code 42" in each.text]
    assert block.text.endswith("and wait for thirty seconds before it sends anything again.")
    assert block.page == 1
    assert block.text[block.breaks[0] :].startswith("seconds before")


def test_text_without_form_feeds_has_no_pages(read: Reader) -> None:
    found = read("One.\n\nTwo.", "a.txt")
    assert found.info.pages is None
    assert [block.page for block in found.blocks] == [1, 1]


def test_too_many_pages_are_refused(refusal: Refusal) -> None:
    assert refusal("word\f" * 11 + "end", "a.txt", ParsingLimits(max_pages=10)).code == "too_large"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Results\n=======", 1),
        ("Results\n-------", 2),
        ("RESULTS OF THE YEAR", 1),
        ("3.4 Results", 2),
        ("Appendix B. Results", 1),
        ("3. It is a sentence in a list.", 0),
        ("Results", 0),
        ("1. Introduction ........ 4", 0),
    ],
)
def test_headings_of_plain_text(read: Reader, text: str, level: int) -> None:
    block = read(f"Some words to begin with.\n\n{text}\n\nSome words to end with.", "a.txt").blocks[1]
    assert (block.kind is BlockKind.HEADING, block.level) == (level > 0, level)


def test_tables_by_columns_keep_their_layout(read: Reader) -> None:
    table = "Name      Amount    Year\nAlpha         12    2024\nBeta         345    2025"
    assert read(f"Words.\n\n{table}\n\nMore.", "a.txt").lines[1] == f"code: {table}"


def test_one_line_of_millions_of_characters_is_read_in_parts(read: Reader) -> None:
    found = read("word " * 400_000, "a.txt")
    assert sum(len(block.text.split()) for block in found.blocks) == 400_000
    assert max(len(block.text) for block in found.blocks) < 60_000


def test_carriage_returns_end_lines_wherever_a_buffer_ends(read: Reader) -> None:
    text = "\r\n".join(["x" * 63] * 9_000)
    found = read(text, "a.txt")
    assert "".join(block.text for block in found.blocks).replace(" ", "") == "x" * 63 * 9_000
