"""A long report in two columns, compared with another PDF library and with what was noted while it was drawn."""

import re
from pathlib import Path
from typing import Protocol

import pypdf
import pytest

from rag.parsing.blocks import Block, BlockKind


class Report(Protocol):
    """What conftest notes about the report."""

    path: Path
    facts: dict[str, int]
    headings: list[tuple[str, int, int]]
    sentences: int


ITEM = re.compile(r"\(item\s+(\d+)\)")


def page_of(block: Block, offset: int) -> int:
    return block.page + sum(at <= offset for at in block.breaks)


@pytest.fixture(scope="module")
def items(report_blocks: list[Block]) -> list[tuple[int, int]]:
    """Number and page of each sentence in the order in which they are read."""
    return [
        (int(found[1]), page_of(block, found.start())) for block in report_blocks for found in ITEM.finditer(block.text)
    ]


def test_the_report_is_as_long_as_real_ones(report: Report) -> None:
    assert 115 <= len(pypdf.PdfReader(report.path).pages) <= 130


def test_every_sentence_is_read_once_and_in_order(report: Report, items: list[tuple[int, int]]) -> None:
    assert [number for number, _ in items] == list(range(1, report.sentences + 1))


def test_every_sentence_is_on_the_page_on_which_another_library_finds_it(
    report: Report, items: list[tuple[int, int]]
) -> None:
    pages = list(enumerate(pypdf.PdfReader(report.path).pages, start=1))[::6]
    expected = {int(found[1]): number for number, page in pages for found in ITEM.finditer(page.extract_text())}
    assert len(expected) > 500
    assert {number: page for number, page in items if number in expected} == expected


def test_known_sentences_are_on_the_pages_on_which_they_were_drawn(report: Report, report_blocks: list[Block]) -> None:
    found = {block.text: block.page for block in report_blocks if block.text in report.facts}
    assert found == report.facts
    assert len(found) == 50


def test_headings_have_their_text_level_and_page(report: Report, report_blocks: list[Block]) -> None:
    found = [(each.text, each.level, each.page) for each in report_blocks if each.kind is BlockKind.HEADING]
    assert [each for each in found if each[2] > 2] == report.headings


def test_pages_never_go_back(report_blocks: list[Block]) -> None:
    pages = [block.page for block in report_blocks]
    assert pages == sorted(pages)


def test_running_heads_and_feet_are_gone(report_blocks: list[Block]) -> None:
    text = "\n".join(block.text for block in report_blocks if block.page > 1)
    assert "www.meridian.example" not in text
    assert "Annual Report 2025" not in text
    assert not [block for block in report_blocks if block.text.strip().isdigit()]


def test_the_contents_are_a_list_with_pages(report_blocks: list[Block]) -> None:
    (contents,) = [block for block in report_blocks if block.page == 2 and block.kind is BlockKind.LIST]
    assert "- 5 Risks … 51\n" in contents.text


def test_tables_in_a_column_are_kept_with_their_rows(report_blocks: list[Block]) -> None:
    tables = [block for block in report_blocks if block.text.startswith("| Region")]
    assert len(tables) == 30
    for table in tables:
        head, line, *rows = table.text.split("\n")
        assert (head, line) == ("| Region | 2025 | 2024 |", "| --- | --- | --- |")
        assert all(re.fullmatch(r"\| (North|South|Overseas) \d+ \| \d{3}\.5 \| \(\d\d\.1\) \|", row) for row in rows)
        assert len(rows) == 3


def test_tables_over_the_page_without_lines_keep_cells_of_two_lines_together(report_blocks: list[Block]) -> None:
    tables = [block for block in report_blocks if block.text.startswith("| Line item")]
    assert len(tables) == 10
    for chapter, table in enumerate(tables, start=1):
        _, _, *rows = table.text.split("\n")
        names = [row.split(" | ")[0] for row in rows]
        assert names == [
            f"| Position {chapter}.{at} of the statement with a name that needs two lines" for at in range(9)
        ]
        assert all(row.count("|") == 7 for row in rows)
