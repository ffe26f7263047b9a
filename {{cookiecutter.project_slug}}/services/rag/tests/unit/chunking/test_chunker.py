import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunking.chunker import MOST, chunk
from rag.chunking.chunks import Chunk
from rag.chunking.options import ChunkOptions, Strategy
from rag.chunking.settings import ChunkingSettings
from rag.chunking.tokens import estimate
from rag.parsing.blocks import Block, BlockKind

OPTIONS = [ChunkOptions(strategy, target_tokens=60, parent_tokens=200) for strategy in Strategy]
SENTENCE = "The auditor examined the accounts of the company and found them to be in order. "


def heading(text: str, level: int, page: int = 1) -> Block:
    return Block(BlockKind.HEADING, text, page, level)


def paragraph(text: str, page: int = 1, breaks: tuple[int, ...] = ()) -> Block:
    return Block(BlockKind.PARAGRAPH, text, page, breaks=breaks)


def chunks(*blocks: Block, target: int = 60, parent: int = 200, strategy: Strategy = Strategy.STRUCTURE) -> list[Chunk]:
    return list(chunk(blocks, ChunkOptions(strategy, target, parent)))


def letters(texts: Iterable[str]) -> str:
    """Return what must not be lost: all that is no white space and no mark of a heading or of code."""
    return re.sub(r"[\s#`]", "", "".join(texts))


WORD = st.text(st.sampled_from("abcdefgXYZäß天0123.,;"), min_size=1, max_size=12)
TEXT = st.lists(
    st.one_of(WORD, st.sampled_from(["one.", "Two!", "e.g.", "\n", "\n\n", "  "])), min_size=1, max_size=150
).map(" ".join)


@st.composite
def documents(draw: st.DrawFn) -> list[Block]:
    """Documents of all kinds of blocks, whose pages never go back."""
    blocks, page = [], 1
    for _ in range(draw(st.integers(0, 10))):
        kind = draw(st.sampled_from([BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.CODE]))
        page += draw(st.integers(0, 1))
        text = draw(WORD if kind is BlockKind.HEADING else TEXT)
        places = st.lists(st.integers(1, max(1, len(text) - 1)), max_size=2).map(sorted)
        breaks = tuple(draw(places)) if kind is not BlockKind.HEADING else ()
        level = draw(st.integers(1, 6)) if kind is BlockKind.HEADING else 0
        blocks.append(Block(kind, text, page, level, breaks))
        page += len(breaks)
    return blocks


@settings(max_examples=50, deadline=None)
@given(documents(), st.sampled_from(OPTIONS))
def test_nothing_is_lost_doubled_or_moved(blocks: list[Block], options: ChunkOptions) -> None:
    made = list(chunk(blocks, options))
    assert letters(each.text for each in made) == letters(block.text for block in blocks)


def by_page(parts: Iterable[tuple[str, int, tuple[int, ...]]]) -> dict[int, str]:
    """Return the letters of each page that has any."""
    pages: dict[int, list[str]] = {}
    for text, page, breaks in parts:
        places = [0, *breaks, len(text)]
        for number, (start, end) in enumerate(pairwise(places)):
            pages.setdefault(page + number, []).append(text[start:end])
    return {page: found for page, texts in pages.items() if (found := letters(texts))}


@settings(max_examples=100, deadline=None)
@given(documents(), st.sampled_from(OPTIONS))
def test_every_letter_stays_on_its_page(blocks: list[Block], options: ChunkOptions) -> None:
    made = by_page((each.text, each.page, each.breaks) for each in chunk(blocks, options))
    assert made == by_page((block.text, block.page, block.breaks) for block in blocks)


@settings(max_examples=50, deadline=None)
@given(documents(), st.sampled_from(OPTIONS))
def test_ordinals_parents_pages_and_sizes_keep_their_promises(blocks: list[Block], options: ChunkOptions) -> None:
    made = list(chunk(blocks, options))
    assert [each.ordinal for each in made] == list(range(len(made)))
    parents = [each.parent for each in made]
    assert all(after - before in (0, 1) for before, after in zip([0, *parents], parents, strict=False))
    for parent in set(parents):
        assert sum(each.tokens for each in made if each.parent == parent) <= options.parent_tokens
    places = [(each.page, each.page_end) for each in made]
    assert places == sorted(places)
    assert all(begin <= end for begin, end in places)
    assert all(each.tokens <= MOST * options.target_tokens + 4 for each in made)
    assert all(abs(estimate(each.text) - each.tokens) <= 0.2 * each.tokens + 8 for each in made)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(WORD, st.integers(0, 10**12)), min_size=1, max_size=60), st.integers(40, 200))
def test_rows_of_a_table_stay_whole_and_in_order(rows: list[tuple[str, int]], target: int) -> None:
    lines = [f"| {word} | {number} |" for word, number in rows]
    table = "\n".join(["| Name | Number |", "| --- | --- |", *lines])
    made = chunks(Block(BlockKind.TABLE, table, 1), target=target)
    assert all(each.text.startswith("| Name | Number |\n| --- | --- |\n| ") for each in made)
    assert [line for each in made for line in each.text.split("\n")[2:]] == lines


def test_a_few_last_rows_of_a_table_join_the_others_without_a_second_header() -> None:
    table = "\n".join(["| Name | Number |", "| --- | --- |", *(["| 0 | 0 |"] * 9)])
    (made,) = chunks(Block(BlockKind.TABLE, table, 1), target=73)
    assert made.text == table


@pytest.mark.parametrize("strategy", list(Strategy))
def test_an_empty_document_has_no_chunks(strategy: Strategy) -> None:
    assert chunks(strategy=strategy) == []
    assert chunks(paragraph("  \n "), strategy=strategy) == []


def test_a_chunk_never_crosses_a_section() -> None:
    made = chunks(heading("One", 1), paragraph("First."), heading("Two", 1), paragraph("Second."))
    assert [(each.heading, each.text) for each in made] == [
        (("One",), "# One\n\nFirst."),
        (("Two",), "# Two\n\nSecond."),
    ]
    assert [each.parent for each in made] == [0, 1]


def test_headings_stay_with_the_text_below_them() -> None:
    made = chunks(paragraph(SENTENCE * 3), heading("Part", 2), heading("Detail", 3), paragraph("Words."))
    assert made[-1].text == "## Part\n\n### Detail\n\nWords."
    assert made[-1].heading == ("Part", "Detail")
    assert made[-1].searchable.startswith("Part > Detail\n")


def test_small_subsections_share_a_chunk_under_what_they_have_in_common() -> None:
    made = chunks(heading("Part", 2), heading("A", 3), paragraph("Words."), heading("B", 3), paragraph("More."))
    assert [each.heading for each in made] == [("Part",)]


def test_a_section_without_text_is_kept() -> None:
    made = chunks(heading("Empty", 2), heading("Full", 2), paragraph("Words."), heading("Last", 2))
    assert [each.text for each in made] == ["## Empty", "## Full\n\nWords.", "## Last"]
    assert made[-1].heading == ("Last",)


def test_paragraphs_stay_whole_when_they_fit() -> None:
    made = chunks(*(paragraph(SENTENCE * 2) for _ in range(6)), target=60)
    assert all(each.text.count("auditor") in (2, 4) for each in made)
    assert len(made) > 1


def test_a_long_paragraph_is_divided_between_sentences() -> None:
    made = chunks(paragraph(SENTENCE * 30), target=60)
    assert len(made) > 5
    assert all(each.text.startswith("The auditor") and each.text.endswith("in order.") for each in made)


def test_abbreviations_do_not_end_sentences() -> None:
    text = "It was said by Dr. Smith of Acme Inc. Limited, see Fig. 3 of the second part and U.S. Treasury rules. " * 8
    made = chunks(paragraph(text), target=50)
    assert all(each.text.endswith("rules.") for each in made)


def test_the_end_of_a_section_is_not_a_chunk_of_a_few_words() -> None:
    made = chunks(
        heading("A", 2), paragraph(SENTENCE * 3), paragraph("Yes."), heading("B", 2), paragraph("No."), target=60
    )
    assert made[0].text.endswith("Yes.")
    assert made[1].text == "## B\n\nNo."


def test_a_chunk_ends_with_the_page_when_it_is_large_enough() -> None:
    made = chunks(paragraph(SENTENCE * 2, page=4), paragraph(SENTENCE, page=5), target=60)
    assert [(each.page, each.page_end) for each in made] == [(4, 4), (5, 5)]


def test_a_sentence_over_two_pages_belongs_to_both_and_the_next_to_the_second() -> None:
    text = SENTENCE * 6
    made = chunks(paragraph(text, page=7, breaks=(len(SENTENCE) * 3 + 20,)), target=100)
    assert [(each.page, each.page_end, each.text.count("auditor")) for each in made] == [(7, 8, 4), (8, 8, 2)]


def test_code_is_fenced_and_divided_at_blank_lines() -> None:
    function = "def function():\n    value = compute(1, 2)\n    return value"
    made = chunks(Block(BlockKind.CODE, "\n\n".join([function] * 5), 1), target=60)
    assert len(made) > 1
    assert all(each.text.startswith("```\ndef function") and each.text.endswith("return value\n```") for each in made)


def test_fences_are_longer_than_those_in_the_code() -> None:
    assert chunks(Block(BlockKind.CODE, "```\nx\n```", 1))[0].text.startswith("````\n```\nx")


def test_lists_are_divided_between_items() -> None:
    items = "\n".join(f"- item {at} with a few words" for at in range(30))
    made = chunks(Block(BlockKind.LIST, items, 1), target=60)
    assert len(made) > 1
    assert all(line.startswith("- item") for each in made for line in each.text.split("\n"))


def test_a_row_that_is_longer_than_a_chunk_is_divided() -> None:
    table = f"| A |\n| --- |\n| short |\n| {'word ' * 400}|\n| end |"
    made = chunks(Block(BlockKind.TABLE, table, 1), target=60)
    assert "".join(each.text for each in made).count("word") == 400
    assert all(each.tokens <= 75 for each in made)
    assert made[-1].text.endswith("| end |")


def test_a_header_that_would_fill_the_chunk_is_not_repeated() -> None:
    head = "| " + " | ".join(f"column number {at}" for at in range(30)) + " |"
    table = "\n".join([head, "|" + " --- |" * 30, *(f"| row {at} |" for at in range(60))])
    made = chunks(Block(BlockKind.TABLE, table, 1), target=100)
    assert sum("column number 3 " in each.text for each in made) == 1
    assert sum(each.text.count("| row ") for each in made) == 60


def test_a_table_over_two_pages_says_where_its_rows_are() -> None:
    rows = [f"| row number {at} | {at} |" for at in range(40)]
    table = "\n".join(["| Name | N |", "| --- | --- |", *rows])
    made = chunks(Block(BlockKind.TABLE, table, 3, breaks=(table.index("| row number 20"),)), target=100)
    for each in made:
        numbers = [int(found) for found in re.findall(r"row number (\d+)", each.text)]
        assert (each.page, each.page_end) == (4 if min(numbers) >= 20 else 3, 4 if max(numbers) >= 20 else 3)
        assert each.text.startswith("| Name |")


def test_a_heading_as_long_as_a_book_is_no_burden() -> None:
    made = chunks(heading("Word " * 2_000, 1), paragraph(SENTENCE), target=60)
    assert all(each.tokens <= 75 for each in made)
    assert all(len(each.heading[0]) <= 200 for each in made)


def test_sentences_pay_no_attention_to_structure_but_end_with_sentences() -> None:
    made = chunks(
        paragraph(SENTENCE * 2), heading("Next", 1), paragraph(SENTENCE * 6), strategy=Strategy.SENTENCES, target=60
    )
    assert "# Next" in made[0].text
    assert all(each.text.endswith(("in order.", "Next")) for each in made)


def test_fixed_sizes_fill_each_chunk() -> None:
    made = chunks(*(paragraph(SENTENCE * 2) for _ in range(20)), strategy=Strategy.FIXED, target=60)
    assert all(each.tokens >= 45 for each in made[:-1])
    assert any(not each.text.endswith("order.") for each in made)


def test_parents_hold_neighbours_of_one_section_up_to_their_size() -> None:
    blocks = [heading("Long", 1), *(paragraph(SENTENCE * 3) for _ in range(12))]
    made = chunks(*blocks, target=60, parent=200)
    sizes = [sum(each.tokens for each in made if each.parent == parent) for parent in {each.parent for each in made}]
    assert len(sizes) > 2
    assert max(sizes) <= 200


def test_settings_are_the_options() -> None:
    assert ChunkingSettings().options() == ChunkOptions()
    assert ChunkingSettings(strategy="fixed", target_tokens=100).options() == ChunkOptions(Strategy.FIXED, 100)
    assert all(field.description for field in ChunkingSettings.model_fields.values())
