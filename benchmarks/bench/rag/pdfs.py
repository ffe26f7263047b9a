"""PDF files that are the same every time: running heads, headings, text, tables, and pages in two columns.

Each page of a manual states one fact that stands nowhere else, so that there are questions whose page is known.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, Paragraph, Spacer, Table, TableStyle

from bench.rag.words import Words

MARGIN = 20 * mm
GAP = 8 * mm
BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=12.5, spaceAfter=5)
HEADING = ParagraphStyle("heading", fontName="Helvetica-Bold", fontSize=14, leading=18, spaceAfter=6)
GRID = TableStyle([("GRID", (0, 0), (-1, -1), 0.4, "black"), ("FONTSIZE", (0, 0), (-1, -1), 8)])
PARTS = ("seal", "bearing", "filter", "valve", "gasket", "sensor", "clutch", "damper", "nozzle", "relay")


@dataclass(frozen=True, slots=True)
class Fact:
    """What one page alone says."""

    document: str
    page: int  # from 1
    unit: str
    part: str
    weeks: int

    @property
    def sentence(self) -> str:
        """How the page says it."""
        return f"The {self.part} of unit {self.unit} is replaced after {self.weeks} weeks of service."

    @property
    def case(self) -> dict[str, object]:
        """The fact as a golden question, in the form that `rag evaluate` reads."""
        return {
            "id": self.unit.lower(),
            "question": f"After how many weeks do I have to replace the {self.part} of {self.unit}?",
            "answer": self.sentence,
            "facts": [f"{self.weeks} weeks"],
            "document": self.document,
            "page": self.page,
        }


def write_manual(path: Path, pages: int, seed: int) -> list[Fact]:
    """Write a manual of so many pages and return its facts, one a page."""
    chance = random.Random(seed)  # noqa: S311 - the same file every time is the purpose
    words = Words(chance)
    facts = [
        Fact(path.name, page, _unit(chance, page), chance.choice(PARTS), chance.randint(11, 99))
        for page in range(1, pages + 1)
    ]
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    canvas.setTitle(f"Maintenance manual {seed}")
    for fact in facts:
        _draw(canvas, fact, chance.choice(facts), words)
        canvas.showPage()
    canvas.save()
    return facts


def write_questions(path: Path, facts: Sequence[Fact], count: int, seed: int) -> None:
    """Write golden questions about some of the facts."""
    chosen = random.Random(seed).sample(list(facts), min(count, len(facts)))  # noqa: S311 - as above
    path.write_text("".join(json.dumps(fact.case) + "\n" for fact in chosen))


def _unit(chance: random.Random, page: int) -> str:
    letters = "".join(chance.choices("ABCDEFGHKLMNPRSTUVWXYZ", k=2))
    return f"{letters}-{page:04d}-{chance.randint(10, 99)}"


def _draw(canvas: Canvas, fact: Fact, other: Fact, words: Words) -> None:
    width, height = A4
    canvas.setFont("Helvetica", 8)
    canvas.drawString(MARGIN, height - 12 * mm, "Maintenance manual")
    canvas.drawRightString(width - MARGIN, 12 * mm, f"Page {fact.page}")
    columns = 2 if fact.page % 3 == 0 else 1
    column = (width - 2 * MARGIN - GAP * (columns - 1)) / columns
    story = list(_story(fact, other, words, column))
    for place in range(columns):
        left = MARGIN + place * (column + GAP)
        frame = Frame(left, MARGIN, column, height - 2 * MARGIN - 5 * mm, 0, 0, 0, 0)
        frame.addFromList(story, canvas)


def _story(fact: Fact, other: Fact, words: Words, width: float) -> Iterator[Flowable]:
    """Yield more than fills a page; what does not fit is left away."""
    yield Paragraph(f"{fact.page} Unit {fact.unit}", HEADING)
    yield Paragraph(f"{words.sentence()} {fact.sentence} {words.paragraph(3)}", BODY)
    yield Paragraph(f"{words.paragraph(4)} For its neighbour see unit {other.unit}. {words.paragraph(2)}", BODY)
    if fact.page % 2 == 0:
        yield _table(words, width)
        yield Spacer(1, 6)
    yield Paragraph(words.title(), HEADING)
    for _ in range(6):
        yield Paragraph(words.paragraph(4), BODY)


def _table(words: Words, width: float) -> Table:
    rows = [["Part", "Torque", "Interval"]]
    rows += [[words.word(), f"{words.number(5, 90)} Nm", f"{words.number(2, 60)} days"] for _ in range(6)]
    return Table(rows, colWidths=[width / 3] * 3, style=GRID)
