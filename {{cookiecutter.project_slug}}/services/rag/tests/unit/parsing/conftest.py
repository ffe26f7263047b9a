"""Documents as people upload them, made on the spot: above all a report of 120 pages in two columns."""

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from rag.parsing.blocks import Block, DocumentInfo, ParsingRefused
from rag.parsing.detection import detect
from rag.parsing.limits import ParsingLimits
from rag.parsing.parser import parse
from rag.parsing.readers import open_document

sys.path.append(str(Path(__file__).parent))  # so that tests import `pdf_pages`

WIDTH, HEIGHT = A4
MARGIN, GUTTER = 18 * mm, 7 * mm
COLUMN = (WIDTH - 2 * MARGIN - GUTTER) / 2
TITLE = "Meridian Logistics Group Annual Report 2025"
BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=9.5, leading=11.6, alignment=TA_JUSTIFY, spaceAfter=5)
CHAPTER = ParagraphStyle("chapter", fontName="Helvetica-Bold", fontSize=17, leading=21, spaceAfter=8)
SECTION = ParagraphStyle("section", fontName="Helvetica-Bold", fontSize=11.5, leading=14, spaceBefore=8, spaceAfter=4)
CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=7.5, leading=9)
SUBJECTS = ("The freight division", "The warehouse network", "Our maritime business", "The parcel segment", "The group")
VERBS = ("increased its revenue to", "reported a result of", "invested", "reduced its net debt by", "wrote off")
REASONS = (
    "because demand in southern Europe recovered faster than had been expected in the budget",
    "while the cost of energy and of hired transport capacity rose throughout the second half of the year",
    "after the long-term contracts with two customers from the automotive industry had been renewed",
    "which the supervisory board discussed in its meetings in March and in November",
)
CHAPTERS = ("Letter to shareholders", "Report of the board", "Markets and strategy", "Financial review", "Risks",
            "Remuneration", "Sustainability", "Consolidated statements", "Notes", "Further information")  # fmt: skip
TOPICS = ("Overview", "Revenue by region", "Cost of operations", "Investments", "Outlook")


@dataclass
class Report:
    """What is true about the report, noted while it is drawn."""

    path: Path
    facts: dict[str, int] = field(default_factory=dict)
    headings: list[tuple[str, int, int]] = field(default_factory=list)  # text, level, page
    sentences: int = 0


class Fact(Paragraph):
    """A sentence that stays together and notes its page."""

    def __init__(self, text: str, report: Report) -> None:
        super().__init__(text, BODY)
        self.fact, self.report = text, report

    def split(self, _width: float, _height: float) -> list[Flowable]:
        return []

    def draw(self) -> None:
        self.report.facts[self.fact] = self.canv.getPageNumber()
        super().draw()


class Heading(Paragraph):
    """A heading with its entry in the outline."""

    def __init__(self, text: str, level: int, report: Report) -> None:
        super().__init__(text, CHAPTER if level == 1 else SECTION)
        self.title, self.level, self.report = text, level, report
        self.keepWithNext = True

    def split(self, _width: float, _height: float) -> list[Flowable]:
        return []

    def draw(self) -> None:
        key = f"h{len(self.report.headings)}"
        self.report.headings.append((self.title, self.level, self.canv.getPageNumber()))
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(self.title, key, self.level - 1)
        super().draw()


def furniture(canvas: Canvas, document: BaseDocTemplate) -> None:
    """Draw running head and foot, mirrored on left pages."""
    number = document.page
    canvas.setFont("Helvetica", 8)
    canvas.drawString(MARGIN, HEIGHT - 11 * mm, "Meridian Logistics Group" if number % 2 else "Annual Report 2025")
    canvas.line(MARGIN, HEIGHT - 13 * mm, WIDTH - MARGIN, HEIGHT - 13 * mm)
    if number % 2:
        canvas.drawRightString(WIDTH - MARGIN, 10 * mm, str(number))
    else:
        canvas.drawString(MARGIN, 10 * mm, str(number))
    canvas.drawCentredString(WIDTH / 2, 10 * mm, "www.meridian.example")


def cover(canvas: Canvas, _document: BaseDocTemplate) -> None:
    """Draw the first page."""
    canvas.setFont("Helvetica-Bold", 30)
    canvas.drawString(MARGIN, HEIGHT - 90 * mm, "Meridian Logistics Group")
    canvas.drawString(MARGIN, HEIGHT - 104 * mm, "Annual Report 2025")


class Writer:
    """Makes up the text, with a number in each sentence."""

    def __init__(self, report: Report) -> None:
        self.report, self.random = report, random.Random(25)

    def paragraph(self, sentences: int) -> Paragraph:
        return Paragraph(" ".join(self.sentence() for _ in range(sentences)), BODY)

    def sentence(self) -> str:
        self.report.sentences += 1
        pick = self.random.choice
        amount = f"{self.random.randint(2, 900)}.{self.random.randint(0, 9)} million euros"
        return f"{pick(SUBJECTS)} {pick(VERBS)} {amount}, {pick(REASONS)} (item {self.report.sentences})."

    def small_table(self, chapter: int) -> Table:
        rows = [["Region", "2025", "2024"]]
        rows += [
            [f"{name} {chapter}", f"{self.random.randint(100, 999)}.5", f"({self.random.randint(10, 99)}.1)"]
            for name in ("North", "South", "Overseas")
        ]
        table = Table(rows, colWidths=[COLUMN * 0.5, COLUMN * 0.25, COLUMN * 0.25], spaceAfter=6)
        table.setStyle(
            TableStyle(
                [
                    ("FONT", (0, 0), (-1, -1), "Helvetica", 8),
                    ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                    ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
                ]
            )
        )
        return table

    def wide_table(self, chapter: int) -> Table:
        rows: list[list[object]] = [["Line item", "Note", "Q1", "Q2", "Q3", "Q4"]]
        for line in range(9):
            name = Paragraph(f"Position {chapter}.{line} of the statement with a name that needs two lines", CELL)
            rows.append([name, str(line), *(f"{self.random.randint(1000, 9999):,}" for _ in range(4))])
        table = Table(
            rows, colWidths=[(WIDTH - 2 * MARGIN) * part for part in (0.34, 0.1, 0.14, 0.14, 0.14, 0.14)], spaceAfter=8
        )
        table.setStyle(
            TableStyle(
                [
                    ("FONT", (0, 0), (-1, -1), "Helvetica", 8),
                    ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
                    ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ]
            )
        )
        return table


def story(report: Report) -> Iterator[Flowable]:
    """Yield the content: chapters with sections, facts, tables in a column and tables over the page."""
    writer = Writer(report)
    yield from (NextPageTemplate("contents"), PageBreak())
    yield Paragraph("Contents", CHAPTER)
    for at, name in enumerate(CHAPTERS, start=1):
        line = f"{at} {name} "
        yield Paragraph(line + "." * (100 - len(line)) + f" {at * 12 - 9}", BODY)
    for at, name in enumerate(CHAPTERS, start=1):
        yield from (NextPageTemplate("columns"), PageBreak())
        yield Heading(f"{at} {name}", 1, report)
        for number, topic in enumerate(TOPICS, start=1):
            yield Heading(f"{at}.{number} {topic}", 2, report)
            for part in range(13):
                yield writer.paragraph(4 + part % 3 * 3)
                if part == 2:
                    yield Fact(
                        f"The depot {at}{number} of this chapter handled {at * 1000 + number} pallets a day.", report
                    )
                if part == 6 and number % 2:
                    yield writer.small_table(at * 10 + number)
        yield from (NextPageTemplate("wide"), PageBreak(), writer.wide_table(at), Spacer(1, 6))
        yield writer.paragraph(3)


def build_report(path: Path) -> Report:
    """Write the report."""
    report = Report(path)
    document = BaseDocTemplate(str(path), pagesize=A4, title=TITLE, author="Meridian", pageCompression=1)
    low, high = 20 * mm, HEIGHT - 20 * mm
    columns = [Frame(MARGIN + at * (COLUMN + GUTTER), low, COLUMN, high - low, 0, 0, 0, 0) for at in range(2)]
    whole = Frame(MARGIN, low, WIDTH - 2 * MARGIN, high - low, 0, 0, 0, 0)
    document.addPageTemplates([
        PageTemplate("cover", [whole], onPage=cover),
        PageTemplate("contents", [whole], onPage=furniture),
        PageTemplate("columns", columns, onPage=furniture),
        PageTemplate("wide", [whole], onPage=furniture),
    ])  # fmt: skip
    document.build([Spacer(1, 1), *story(report)])
    return report


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of 120 pages."""
    return build_report(tmp_path_factory.mktemp("report") / "report.pdf")


@pytest.fixture(scope="session")
def report_blocks(report: Report) -> list[Block]:
    """What a parser process makes of the report."""
    with parse(report.path, "report.pdf", ParsingLimits()) as document:
        return list(document.blocks())


Content = str | bytes | Path


@dataclass(frozen=True)
class Read:
    """A document that was read in this process."""

    info: DocumentInfo
    blocks: list[Block]

    @property
    def lines(self) -> list[str]:
        """Each block on a line, with its kind."""
        return [f"{block.kind}: {block.text}" for block in self.blocks]


Reader = Callable[..., Read]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Content, str], Path]:
    """Put a document on disk; a file that is there stays as it is."""

    def put(content: Content, name: str) -> Path:
        if isinstance(content, Path):
            return content
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@pytest.fixture
def read(write: Callable[[Content, str], Path]) -> Reader:
    """Read a document without a process, so that many can be tried."""

    def read_content(content: Content, name: str, limits: ParsingLimits | None = None) -> Read:
        chosen = limits or ParsingLimits()
        with open_document(detect(write(content, name), name), chosen) as (info, blocks):
            return Read(info, list(blocks))

    return read_content


@pytest.fixture
def refusal(read: Reader) -> Callable[..., ParsingRefused]:
    """Read a document that must be refused."""

    def refused(content: Content, name: str, limits: ParsingLimits | None = None) -> ParsingRefused:
        with pytest.raises(ParsingRefused) as caught:
            read(content, name, limits)
        assert caught.value.detail
        assert caught.value.hint
        return caught.value

    return refused


Drawing = Callable[[Canvas], None]


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """Write a PDF file whose pages are drawn by functions."""

    def write_pdf(*pages: Drawing, **options: object) -> Path:
        path = tmp_path / "drawn.pdf"
        canvas = Canvas(str(path), pagesize=A4, **options)
        for page in pages:
            canvas.setFont("Helvetica", 10)
            page(canvas)
            canvas.showPage()
        canvas.save()
        return path

    return write_pdf
