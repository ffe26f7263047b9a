import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from pdf_pages import LEADING, PROSE, Draw, Reader, lines, together
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from rag.parsing.blocks import BlockKind, ParsingRefused
from rag.parsing.limits import ParsingLimits

Refusal = Callable[..., ParsingRefused]
FONTS = sum(1 for _ in Path("/usr/share/fonts").rglob("*.tt[fc]"))
READS = """
import sys
from pathlib import Path
from rag.parsing.pdf.native import open_native
from rag.parsing.readers import load_readers

def reads():
    return int(Path("/proc/self/io").read_text().partition("syscr: ")[2].split()[0])

load_readers()
before = reads()
with open_native(Path(sys.argv[1])) as document:
    document.page(0)
print(reads() - before)
"""
"""Prints how often something is read from a file for the first page, after the readers were loaded."""


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


def test_a_line_of_many_digits_is_compared_with_the_outline_at_once(draw: Draw, read: Reader) -> None:
    def page(canvas: Canvas) -> None:
        lines("1 Incomes", y=740, font="Helvetica-Bold", size=14)(canvas)
        lines("incomes <- c(60, 49, 40, 61, 64, 60, 59, 54, 62, 69, 70, 42, 56, 61, 61, 61, 58,")(canvas)
        lines(" ".join(str(number) for number in range(60, 99)), y=600, size=8)(canvas)
        canvas.bookmarkPage("here")
        canvas.addOutlineEntry("Incomes", "here", 0)

    found = read(draw(page), "a.pdf")
    assert found.lines[0] == "heading: 1 Incomes"
    assert "97 98" in found.lines[-1]


def test_numbers_of_equations_that_are_drawn_last_and_stand_first(draw: Draw, read: Reader) -> None:
    def page(canvas: Canvas) -> None:
        for place in range(8):
            text = canvas.beginText(182, 700 - 20 * place)
            text.textOut("= y")
            text.moveCursor(172, 0)
            text._code.append(f"[(by \\(4.{place}\\))28343(\\(3.{place}\\))] TJ")  # as TeX writes it: far to the left
            canvas.drawText(text)

    found = "\n".join(read(draw(page), "a.pdf").lines)
    assert all(f"by (4.{place})(3.{place})" in found for place in range(8))


def test_a_header_behind_other_bytes_still_makes_a_pdf(draw: Draw, read: Reader) -> None:
    content = b"From: someone\r\n\r\n" + draw(lines(*PROSE)).read_bytes()
    assert read(content, "b.pdf").blocks[0].text == " ".join(PROSE)


@pytest.mark.parametrize(("title", "expected"), [("Charter of the board", "Charter of the board"), ("untitled", None)])
def test_a_title_that_a_program_made_up_is_none(draw: Draw, read: Reader, title: str, expected: str | None) -> None:
    def page(canvas: Canvas) -> None:
        canvas.setTitle(title)
        lines(*PROSE)(canvas)

    assert read(draw(page), "a.pdf").info.title == expected


@pytest.mark.skipif(FONTS < 10 or not Path("/proc/self/io").exists(), reason="needs fonts, and Linux to count reads")
def test_the_fonts_of_the_machine_are_looked_at_before_there_is_a_file(draw: Draw) -> None:
    """A desktop has thousands, and a process that is forked for a file need not look at them again."""
    path = draw(lines(*PROSE))
    done = subprocess.run([sys.executable, "-c", READS, str(path)], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 2 * FONTS
