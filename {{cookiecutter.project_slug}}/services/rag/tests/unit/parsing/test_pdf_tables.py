"""PDF files with tables: what is one, where it ends, and what its rows need on the next page."""

from collections.abc import Callable

import pytest
from pdf_pages import LEADING, PROSE, Draw, Reader, lines, together
from reportlab.pdfgen.canvas import Canvas

from rag.parsing.blocks import BlockKind


def _grid(*rows: tuple[str, str, str], y: float) -> Callable[[Canvas], None]:
    cells = [
        lines(text, x=72 + 150 * column, y=y - 15 * at)
        for at, row in enumerate(rows)
        for column, text in enumerate(row)
    ]
    return together(*cells)


HEADER = ("NOK million", "Group 2025", "Group 2024")


@pytest.mark.parametrize("ruled", [True, False])
def test_a_table_over_both_columns_is_read_row_by_row(draw: Draw, read: Reader, ruled: bool) -> None:
    def page(canvas: Canvas) -> None:
        for x, name in ((60, "left"), (310, "right")):
            lines(*(f"{name} line {at} has words enough to fill it" for at in range(14)), x=x, y=400)(canvas)
        for row in range(5):
            for at, x in enumerate((60, 180, 330, 470)):
                canvas.drawString(x, 700 - row * 14, f"cell {row}{at}")
            if ruled:
                canvas.line(58, 710 - row * 14, 540, 710 - row * 14)

    table, *rest = read(draw(page), "a.pdf").blocks
    assert table.kind is BlockKind.TABLE
    assert table.text.split("\n")[2] == "| cell 10 | cell 11 | cell 12 | cell 13 |"
    assert table.text.count("\n") == 5
    assert " ".join(block.text for block in rest).startswith("left line 0 has words enough to fill it left line 1")


def test_a_table_of_contents_is_a_list(draw: Draw, read: Reader) -> None:
    def page(canvas: Canvas) -> None:
        for at, name in enumerate(("Overview", "Results", "Outlook")):
            canvas.drawString(72, 700 - at * 14, name)
            canvas.drawRightString(500, 700 - at * 14, str(at * 7 + 3))

    assert read(draw(page), "a.pdf").lines == ["list: - Overview … 3\n- Results … 10\n- Outlook … 17"]


def test_lines_of_a_cell_without_rules_are_joined(draw: Draw, read: Reader) -> None:
    rows = [(0, "Term", "Meaning"), (20, "Lease", "A contract that conveys"), (32, "", "the right to use an asset"),
            (52, "Lessee", "Who uses it"), (72, "Lessor", "Who owns it"), (84, "", "all the time")]  # fmt: skip

    def page(canvas: Canvas) -> None:
        for down, term, meaning in rows:
            canvas.drawString(72, 700 - down, term)
            canvas.drawString(220, 700 - down, meaning)

    assert read(draw(page), "a.pdf").blocks[0].text.split("\n")[2:] == [
        "| Lease | A contract that conveys the right to use an asset |",
        "| Lessee | Who uses it |",
        "| Lessor | Who owns it all the time |",
    ]


def test_a_table_in_the_middle_of_a_paragraph_does_not_cut_it(draw: Draw, read: Reader) -> None:
    def page(canvas: Canvas) -> None:
        lines(*PROSE[:2], y=740)(canvas)
        for row in range(3):
            for at, x in enumerate((72, 250, 400)):
                canvas.drawString(x, 690 - row * 14, f"cell {row}{at}")
        lines(*PROSE[2:], y=630)(canvas)

    found = read(draw(page), "a.pdf").blocks
    assert [block.kind for block in found] == [BlockKind.TABLE, BlockKind.PARAGRAPH]
    assert found[1].text == " ".join(PROSE)


def test_a_table_that_goes_on_over_the_page_keeps_its_header(draw: Draw, read: Reader) -> None:
    first = _grid(HEADER, ("Inventories", "64", "59"), ("Receivables", "128", "117"), y=140)
    second = _grid(("Cash", "512", "438"), ("Total assets", "4,777", "4,500"), y=740)
    found = read(draw(together(lines(*PROSE), first), second), "a.pdf")
    tables = [block for block in found.blocks if block.kind is BlockKind.TABLE]
    assert [block.page for block in tables] == [1, 2]
    assert tables[1].text.splitlines() == [
        "| NOK million | Group 2025 | Group 2024 |",
        "| --- | --- | --- |",
        "| Cash | 512 | 438 |",
        "| Total assets | 4,777 | 4,500 |",
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_few_rows_on_the_next_page_keep_the_header_too(draw: Draw, read: Reader, count: int) -> None:
    def grid(*rows: tuple[str, str], y: float) -> Callable[[Canvas], None]:
        names = [lines(name, y=y - 15 * at) for at, (name, _) in enumerate(rows)]
        return together(*names, *(lines(amount, x=272, y=y - 15 * at) for at, (_, amount) in enumerate(rows)))

    first = grid(("Post", "Amount"), ("Inventories", "64"), ("Receivables", "128"), ("Goodwill", "77"), y=140)
    rest = (("Cash", "512"), ("Total assets", "4,777"))[:count]
    found = read(draw(together(lines(*PROSE), first), together(grid(*rest, y=740), lines(*PROSE, y=650))), "a.pdf")
    kinds = [BlockKind.PARAGRAPH, BlockKind.TABLE, BlockKind.TABLE, BlockKind.PARAGRAPH]
    assert [block.kind for block in found.blocks] == kinds
    shown = ["| Post | Amount |", "| --- | --- |", *(f"| {' | '.join(row)} |" for row in rest)]
    assert found.blocks[2].text.splitlines() == shown
    assert found.blocks[2].page == 2


@pytest.mark.parametrize("row", [("Cash", 72, "512", 300), ("Cash", 150, "512", 272), ("Cash or not", 72, "", 272)])
def test_a_row_that_does_not_stand_in_the_columns_is_none_of_the_table(
    draw: Draw, read: Reader, row: tuple[str, int, str, int]
) -> None:
    cells = [("Post", "Amount"), ("Inventories", "64"), ("Receivables", "128"), ("Goodwill", "77")]
    names = [lines(name, y=140 - 15 * at) for at, (name, _) in enumerate(cells)]
    table = [*names, *(lines(amount, x=272, y=140 - 15 * at) for at, (_, amount) in enumerate(cells))]
    one, left, other, right = row
    second = together(lines(one, x=left, y=740), lines(other, x=right, y=740), lines(*PROSE, y=650))
    found = read(draw(together(lines(*PROSE), *table), second), "a.pdf")
    assert [block.kind for block in found.blocks].count(BlockKind.TABLE) == 1


@pytest.mark.parametrize(
    "top", [HEADER, ("Thousand tonnes", "North", "South")], ids=["repeats its header", "has a header of its own"]
)
def test_a_table_with_a_header_at_the_top_of_a_page_is_left_as_it_is(
    draw: Draw, read: Reader, top: tuple[str, str, str]
) -> None:
    first = _grid(HEADER, ("Inventories", "64", "59"), ("Receivables", "128", "117"), y=140)
    second = _grid(top, ("Cash", "512", "438"), ("Total assets", "4,777", "4,500"), y=740)
    found = read(draw(together(lines(*PROSE), first), second), "a.pdf")
    table = [block for block in found.blocks if block.kind is BlockKind.TABLE][1]
    assert table.text.splitlines()[0] == f"| {' | '.join(top)} |"
    assert len(table.text.splitlines()) == 4


def test_cells_between_lines_may_have_several_lines(draw: Draw, read: Reader) -> None:
    rows = [("Risk", "Answer"), ("Flood", "Walls around all depots"), ("", "and a second site"), ("Fire", "Sprinklers")]

    def page(canvas: Canvas) -> None:
        for at, row in enumerate(rows):
            for x, cell in zip((72, 250), row, strict=True):
                canvas.drawString(x, 700 - at * LEADING, cell)
        for y in (712, 697, 673, 661):
            canvas.line(70, y, 500, y)

    assert read(draw(page), "a.pdf").blocks[0].text.split("\n") == [
        "| Risk | Answer |",
        "| --- | --- |",
        "| Flood | Walls around all depots and a second site |",
        "| Fire | Sprinklers |",
    ]
