"""The body of a DOCX file: paragraphs, lists and tables out of the stream of its elements."""

from collections import Counter
from dataclasses import dataclass, field

from rag.parsing.blocks import Block, BlockKind
from rag.parsing.docx.styles import Numberings, Styles
from rag.parsing.docx.xml import Attributes
from rag.parsing.markup.tables import markdown_table

SILENT = frozenset(("w:del", "w:moveFrom", "w:instrText", "w:delText", "mc:Fallback", "w:rPr", "w:sectPr"))
"""Deleted text, field codes, and second renderings of what is there already."""
SIGNS = {"w:tab": " ", "w:br": " ", "w:cr": " ", "w:noBreakHyphen": "-", "w:softHyphen": ""}
DEEPEST_LIST = 8
MOST_ROWS = 500
MOST_ITEMS = 400
MONOSPACE = ("code", "preformatted", "source", "listing")


@dataclass(slots=True)
class Paragraph:
    """A paragraph that is being read."""

    style: str = ""
    numbering: str = ""
    level: int = 0
    outline: int | None = None
    parts: list[str] = field(default_factory=list)


class Body:
    """The handler of document.xml (and of the notes). Finished blocks wait in `ready`."""

    def __init__(self, styles: Styles, numberings: Numberings) -> None:
        self.ready: list[Block] = []
        self._styles = styles
        self._numberings = numberings
        self._silent = 0
        self._titled = False
        self._paragraphs: list[Paragraph] = []  # more than one when a text box stands in a paragraph
        self._in_text = False
        self._items: list[str] = []
        self._counts: Counter[tuple[str, int]] = Counter()
        self._code: list[str] = []
        self._tables = 0
        self._rows: list[list[str]] = []
        self._cell: list[str] = []
        self._header: list[str] | None = None

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""
        if self._silent or name in SILENT:
            self._silent += 1
            return
        match name:
            case "w:p":
                self._paragraphs.append(Paragraph())
            case "w:t":
                self._in_text = True
            case "w:tbl":
                self._begin_table()
            case "w:tr" if self._tables == 1:
                self._rows.append([])
            case "w:tc" if self._tables == 1:
                self._cell = []
            case _:
                self._property(name, attributes)

    def _property(self, name: str, attributes: Attributes) -> None:
        if not self._paragraphs:
            return
        paragraph, value = self._paragraphs[-1], attributes.get("w:val", "")
        match name:
            case "w:pStyle":
                paragraph.style = value
            case "w:numId":
                paragraph.numbering = value
            case "w:ilvl" if value.isdecimal():
                paragraph.level = min(int(value), DEEPEST_LIST)
            case "w:outlineLvl" if value.isdecimal():
                paragraph.outline = int(value)
            case _ if name in SIGNS and attributes.get("w:pos") is None:  # a tab with a position is a tab stop
                paragraph.parts.append("\n" if name == "w:br" and self._is_code(paragraph) else SIGNS[name])

    def end(self, name: str) -> None:
        """An element ends."""
        if self._silent:
            self._silent -= 1
            return
        match name:
            case "w:t":
                self._in_text = False
            case "w:p" if self._paragraphs:
                self._close(self._paragraphs.pop())
            case "w:tc" if self._tables == 1 and self._rows:
                self._rows[-1].append(" ".join(self._cell))
            case "w:tr" if self._tables == 1 and len(self._rows) >= MOST_ROWS:
                self._emit_rows()
            case "w:tbl":
                self._end_table()

    def characters(self, text: str) -> None:
        """Text of a run."""
        if self._in_text and not self._silent and self._paragraphs:
            self._paragraphs[-1].parts.append(text)

    def finish(self) -> None:
        """The part ends."""
        self._end_list()
        self._end_code()

    def _close(self, paragraph: Paragraph) -> None:
        text = "".join(paragraph.parts)
        if self._tables:
            self._cell.append(text.strip())
            return
        if self._is_code(paragraph):
            self._end_list()
            self._code.append(text)
            return
        self._end_code()
        words = " ".join(text.split())
        if words:
            self._take(paragraph, words)

    def _take(self, paragraph: Paragraph, words: str) -> None:
        level = self._level(paragraph)
        numbering = paragraph.numbering or self._styles.numbering(paragraph.style)
        if level:
            self._end_list()
            self.ready.append(Block(BlockKind.HEADING, words, 1, level))
        elif numbering not in ("", "0"):
            self._items.append(f"{'  ' * paragraph.level}{self._mark(numbering, paragraph.level)} {words}")
            if len(self._items) >= MOST_ITEMS:
                self._end_list()
        else:
            self._end_list()
            self.ready.append(Block(BlockKind.PARAGRAPH, words, 1))

    def _level(self, paragraph: Paragraph) -> int:
        if paragraph.outline is not None and paragraph.outline < 9:
            return min(paragraph.outline + 1, 6)
        level = self._styles.heading_level(paragraph.style)
        if self._styles.is_title(paragraph.style):
            self._titled = True
        elif level and self._titled:
            level += 1  # a chapter stands below the title of the document
        return min(level, 6)

    def _is_code(self, paragraph: Paragraph) -> bool:
        style = self._styles.by_id.get(paragraph.style)
        return style is not None and any(word in style.name.lower() for word in MONOSPACE)

    def _mark(self, numbering: str, level: int) -> str:
        if not self._numberings.counts(numbering, level):
            return "-"
        self._counts[numbering, level] += 1
        for deeper in range(level + 1, DEEPEST_LIST + 1):
            self._counts.pop((numbering, deeper), None)
        return f"{self._counts[numbering, level]}."

    def _end_list(self) -> None:
        if self._items:
            self.ready.append(Block(BlockKind.LIST, "\n".join(self._items), 1))
            self._items = []

    def _end_code(self) -> None:
        text = "\n".join(self._code).strip("\n")
        self._code = []
        if text.strip():
            self.ready.append(Block(BlockKind.CODE, text, 1))

    def _begin_table(self) -> None:
        self._tables += 1
        if self._tables == 1:
            self._end_list()
            self._end_code()
            self._rows, self._header = [], None

    def _emit_rows(self) -> None:
        """Hand out the rows so far; parts of a long table repeat its header."""
        rows = self._rows if self._header is None else [self._header, *self._rows]
        text = markdown_table(rows)
        if text:
            self.ready.append(Block(BlockKind.TABLE, text, 1))
        self._header, self._rows = rows[0], []

    def _end_table(self) -> None:
        self._tables = max(0, self._tables - 1)
        if not self._tables and self._rows:
            self._emit_rows()
