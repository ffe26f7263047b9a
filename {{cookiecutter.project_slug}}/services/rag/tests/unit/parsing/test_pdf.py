import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from rag.parsing.blocks import BlockKind, ParsingRefused
from rag.parsing.limits import ParsingLimits

Reader = Callable[..., Any]  # of conftest.Read
Refusal = Callable[..., ParsingRefused]

Draw = Callable[..., Path]
LEADING = 12


def lines(
    *texts: str, x: float = 72, y: float = 700, font: str = "Helvetica", size: float = 10
) -> Callable[[Canvas], None]:
    """Draw lines below each other."""

    def drawing(canvas: Canvas) -> None:
        canvas.setFont(font, size)
        for at, text in enumerate(texts):
            canvas.drawString(x, y - at * size * 1.2, text)

    return drawing


def together(*drawings: Callable[[Canvas], None]) -> Callable[[Canvas], None]:
    def drawing(canvas: Canvas) -> None:
        for each in drawings:
            each(canvas)

    return drawing


PROSE = (
    "The committee met eleven times in the course of the year and examined the accounts",
    "of the company, the work of the auditors and the state of the internal controls with",
    "great care, as the law demands.",
)


def test_lines_become_a_paragraph(draw: Draw, read: Reader) -> None:
    found = read(draw(lines(*PROSE)), "a.pdf")
    assert found.lines == [f"paragraph: {' '.join(PROSE)}"]
    assert (found.info.media_type, found.info.pages) == ("application/pdf", 1)


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("the whole depart-", "ment of trade", "the whole department of trade"),
        ("gemessen wurde die Torfmächtig-", "keit im Mittel", "gemessen wurde die Torfmächtigkeit im Mittel"),
        ("it was seen with X-", "rays by two doctors", "it was seen with X-rays by two doctors"),
        ("it is a well-", "known fact", "it is a well-known fact"),
        ("the time of COVID-", "19 has passed", "the time of COVID-19 has passed"),
        ("the Austro-", "Hungarian empire", "the Austro-Hungarian empire"),
        ("pages 10-", "20 of the book", "pages 10-20 of the book"),
        ("three risk-weighted, two risk-", "weighted assets", "three risk-weighted, two risk-weighted assets"),
    ],
)
def test_words_cut_at_line_ends_are_joined_and_real_hyphens_stay(
    draw: Draw, read: Reader, first: str, second: str, joined: str
) -> None:
    assert read(draw(lines(first, second)), "a.pdf").blocks[0].text == joined


def test_a_paragraph_goes_on_over_the_page_and_says_where(draw: Draw, read: Reader) -> None:
    (block,) = read(draw(lines(*PROSE[:2], y=120), lines(*PROSE[2:], y=740)), "a.pdf").blocks
    assert block.text == " ".join(PROSE)
    assert block.page == 1
    assert [block.text[at:] for at in block.breaks] == [PROSE[2]]


def test_a_finished_paragraph_does_not_go_on_over_the_page(draw: Draw, read: Reader) -> None:
    found = read(draw(lines(*PROSE, y=120), lines("A new thought begins here.", y=740)), "a.pdf")
    assert [block.page for block in found.blocks] == [1, 2]


def test_columns_are_read_one_after_the_other_even_when_drawn_row_by_row(draw: Draw, read: Reader) -> None:
    left = [f"left line number {at} with enough words" for at in range(12)]
    right = [f"right line number {at} with enough words" for at in range(12)]

    def rows(canvas: Canvas) -> None:
        canvas.drawString(72, 740, "A line of the introduction that goes over both of the columns of this page here")
        for at in range(12):
            canvas.drawString(72, 700 - at * LEADING, left[at])
            canvas.drawString(310, 700 - at * LEADING, right[at])

    text = " ".join(block.text for block in read(draw(rows), "a.pdf").blocks)
    assert text.endswith(" ".join(left + right))
    assert text.startswith("A line of the introduction")


def column(x: float, name: str, count: int = 10) -> Callable[[Canvas], None]:
    return lines(*(f"{name} line {at} has words enough" for at in range(count)), x=x, y=400)


def test_three_columns_are_read_one_after_the_other(draw: Draw, read: Reader) -> None:
    page = together(column(40, "left"), column(220, "middle"), column(400, "right"))
    text = " ".join(block.text for block in read(draw(page), "a.pdf").blocks)
    expected = [f"{name} line {at} has words enough" for name in ("left", "middle", "right") for at in range(10)]
    assert text == " ".join(expected)


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


def _grid(*rows: tuple[str, str, str], y: float) -> Callable[[Canvas], None]:
    cells = [
        lines(text, x=72 + 150 * column, y=y - 15 * at)
        for at, row in enumerate(rows)
        for column, text in enumerate(row)
    ]
    return together(*cells)


HEADER = ("NOK million", "Group 2025", "Group 2024")


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


def test_headings_are_known_by_size_weight_and_number(draw: Draw, read: Reader) -> None:
    page = together(
        lines("Annual Review", y=760, size=20, font="Helvetica-Bold"),
        lines("2 Results", y=720, size=14, font="Helvetica-Bold"),
        lines(*PROSE, y=700),
        lines("2.1 Segments", y=640, font="Helvetica-Bold"),
        lines(*PROSE, y=620),
        lines("Scope of the audit", y=560, font="Helvetica-Bold"),
        lines(*PROSE, y=540),
    )
    found = read(draw(page), "a.pdf")
    assert [(block.text, block.level) for block in found.blocks if block.kind is BlockKind.HEADING] == [
        ("Annual Review", 1),
        ("2 Results", 1),
        ("2.1 Segments", 2),
        ("Scope of the audit", 3),
    ]
    assert found.info.title == "Annual Review"


def test_a_bold_word_at_the_beginning_of_a_paragraph_is_no_heading(draw: Draw, read: Reader) -> None:
    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 10)
        canvas.drawString(72, 700, "Note")
        canvas.setFont("Helvetica", 10)
        canvas.drawString(97, 700, "that this is an ordinary paragraph that only begins in bold type and")
        canvas.drawString(72, 688, "goes on in the next line.")

    (block,) = read(draw(page), "a.pdf").blocks
    assert block.kind is BlockKind.PARAGRAPH
    assert block.text.startswith("Note that this")


def test_lists_keep_their_items(draw: Draw, read: Reader) -> None:
    def page(canvas: Canvas) -> None:
        for at, (mark, text) in enumerate([("•", "first item which"), ("", "needs two lines"), ("•", "second item")]):
            canvas.drawString(72, 700 - at * LEADING, mark)
            canvas.drawString(90, 700 - at * LEADING, text)

    assert read(draw(page), "a.pdf").lines == ["list: - first item which needs two lines\n- second item"]


def test_code_in_a_font_of_equal_widths_keeps_lines_and_indents(draw: Draw, read: Reader) -> None:
    page = together(
        lines("The function looks like this:", y=700),
        lines("def answer():", y=680, font="Courier"),
        lines("return 42", y=668, x=96, font="Courier"),
    )
    assert read(draw(page), "a.pdf").lines[1] == "code: def answer():\n    return 42"


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


def test_a_stamp_along_the_margin_is_left_out(draw: Draw, read: Reader) -> None:
    def stamp(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.rotate(90)
        canvas.drawString(200, -40, "DRAFT of 3 May")
        canvas.restoreState()

    assert read(draw(together(lines(*PROSE), stamp)), "a.pdf").lines == [f"paragraph: {' '.join(PROSE)}"]


def test_a_heading_of_two_lines_is_one(draw: Draw, read: Reader) -> None:
    page = together(
        lines("A long title that does not", "fit on one line", y=760, size=20, font="Helvetica-Bold"), lines(*PROSE)
    )
    assert read(draw(page), "a.pdf").lines[0] == "heading: A long title that does not fit on one line"


def test_capitals_that_stand_apart_are_a_heading(draw: Draw, read: Reader) -> None:
    page = together(lines(*PROSE, y=740), lines("INTERNAL CONTROLS", y=690), lines(*PROSE, y=660))
    assert read(draw(page), "a.pdf").lines[1] == "heading: INTERNAL CONTROLS"


@pytest.mark.parametrize("quarter", [90, 180, 270])
def test_turned_pages_are_read(draw: Draw, read: Reader, tmp_path: Path, quarter: int) -> None:
    writer = pypdf.PdfWriter(clone_from=draw(lines(*PROSE)))
    writer.pages[0].rotate(quarter)
    turned = tmp_path / "turned.pdf"
    writer.write(turned)
    assert read(turned, "a.pdf").blocks[0].text == " ".join(PROSE)


def test_text_that_is_drawn_upwards_on_the_whole_page_is_read(draw: Draw, read: Reader) -> None:
    def landscape(canvas: Canvas) -> None:
        canvas.rotate(90)
        for at, text in enumerate(PROSE):
            canvas.drawString(100, -100 - at * LEADING, text)

    assert read(draw(landscape), "a.pdf").blocks[0].text == " ".join(PROSE)


def test_page_numbers_go_but_figures_at_the_same_place_stay(draw: Draw, read: Reader) -> None:
    numbered = [together(lines(*PROSE), lines(f"- {at} -", y=30, x=290)) for at in range(1, 6)]
    assert not [block for block in read(draw(*numbered), "a.pdf").blocks if block.text.startswith("-")]
    figures = [together(lines(*PROSE), lines(f"{at * 37}", y=30, x=290)) for at in range(1, 6)]
    text = " ".join(block.text for block in read(draw(*figures), "a.pdf").blocks)
    assert all(str(at * 37) in text for at in range(1, 6))


def test_notes_at_the_foot_do_not_interrupt_a_paragraph(draw: Draw, read: Reader) -> None:
    first = together(lines(*PROSE[:2], y=200), lines("1 A note in small type.", y=150, size=7))
    found = read(draw(first, lines(*PROSE[2:], y=740)), "a.pdf")
    assert [(block.text, block.page) for block in found.blocks] == [
        ("1 A note in small type.", 1),
        (" ".join(PROSE), 1),
    ]


def test_a_file_that_opens_without_a_password_is_read(draw: Draw, read: Reader) -> None:
    locked = StandardEncryption("", ownerPassword="owner", canCopy=0)
    assert read(draw(lines(*PROSE), encrypt=locked), "a.pdf").blocks[0].text == " ".join(PROSE)


def test_a_file_with_a_password_is_encrypted(draw: Draw, refusal: Refusal) -> None:
    assert refusal(draw(lines(*PROSE), encrypt=StandardEncryption("secret")), "a.pdf").code == "encrypted"


def test_pages_without_text_are_scans(draw: Draw, refusal: Refusal) -> None:
    refused = refusal(draw(lambda canvas: canvas.rect(50, 50, 400, 600, fill=1)), "a.pdf")
    assert refused.code == "no_text"
    assert "OCR" in refused.hint


@pytest.mark.parametrize("kids", ["2 0 R", "2 0 R 2 0 R", "9 0 R", "3 0 R"])
def test_pages_that_lead_in_a_circle_or_nowhere_are_damage_and_no_scans(kids: str, refusal: Refusal) -> None:
    count = kids.count("R")
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        "<</Type/Pages/Kids[2 0 R]/Count 1/Parent 2 0 R>>",
    ]
    body = "".join(f"{number} 0 obj\n{each}\nendobj\n" for number, each in enumerate(objects, start=1))
    content = f"%PDF-1.4\n{body}trailer<</Root 1 0 R/Size 4>>\nstartxref\n0\n%%EOF".encode()
    refused = refusal(content, "a.pdf")
    assert refused.code == "corrupt"
    assert "scan" not in refused.detail
    assert "save or export" in refused.hint


def test_too_many_pages_are_refused(draw: Draw, refusal: Refusal) -> None:
    refused = refusal(draw(lines("one"), lines("two")), "a.pdf", ParsingLimits(max_pages=1))
    assert refused.code == "too_large"
    assert "2 pages" in refused.detail


@pytest.mark.parametrize("keep", [0.1, 0.5])
def test_a_truncated_file_is_corrupt_or_gives_what_is_left(draw: Draw, refusal: Refusal, keep: float) -> None:
    content = draw(lines(*PROSE), lines(*PROSE)).read_bytes()
    assert refusal(content[: int(len(content) * keep)], "b.pdf").code in ("corrupt", "no_text")


def test_circles_in_pages_and_outline_end(draw: Draw, read: Reader) -> None:
    def page(canvas: Canvas) -> None:
        lines("1 Beginning", y=740, font="Helvetica-Bold", size=14)(canvas)
        lines(*PROSE)(canvas)
        canvas.bookmarkPage("here")
        canvas.addOutlineEntry("Beginning", "here", 0)

    writer = pypdf.PdfWriter(clone_from=draw(page))
    name = pypdf.generic.NameObject
    entry = writer.root_object["/Outlines"]["/First"].indirect_reference
    entry.get_object()[name("/Next")] = entry
    entry.get_object()[name("/First")] = entry
    pages = writer.root_object["/Pages"]
    buffer = io.BytesIO()
    pages["/Kids"].append(pages.indirect_reference)
    writer.write(buffer)
    found = read(buffer.getvalue(), "b.pdf")
    assert found.blocks[0].kind is BlockKind.HEADING
    assert found.blocks[1].text == " ".join(PROSE)


def test_a_header_behind_other_bytes_still_makes_a_pdf(draw: Draw, read: Reader) -> None:
    content = b"From: someone\r\n\r\n" + draw(lines(*PROSE)).read_bytes()
    assert read(content, "b.pdf").blocks[0].text == " ".join(PROSE)


@pytest.mark.parametrize(("title", "expected"), [("Charter of the board", "Charter of the board"), ("untitled", None)])
def test_a_title_that_a_program_made_up_is_none(draw: Draw, read: Reader, title: str, expected: str | None) -> None:
    def page(canvas: Canvas) -> None:
        canvas.setTitle(title)
        lines(*PROSE)(canvas)

    assert read(draw(page), "a.pdf").info.title == expected
