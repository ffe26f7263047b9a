"""Lines and tables of page after page to blocks: paragraphs go on over columns and pages, and headings over lines."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.parsing.blocks import Block, BlockKind
from rag.parsing.flow import Compounds, Running, ends_sentence
from rag.parsing.markup.tables import markdown_table
from rag.parsing.pdf.lines import Line
from rag.parsing.pdf.styles import Styles
from rag.parsing.pdf.tables import LEADER, Table, has_leader

USUAL_LEADING = 1.2
WIDER = 1.3
"""More than the usual distance of lines by this factor begins a paragraph."""
INDENT = 0.8
SIZE_CHANGE = 0.11
SMALL = 0.87
"""Below this part of the body's size, text is a note or a caption, around which a paragraph may go on."""
BULLETS = r"•●○◦▪▫■□‣\u2043∙·\u2013—*\uf0a7\uf0b7\uf0d8\uf076\uf0fc-"
ITEM = re.compile(rf"(?:[{BULLETS}]|o(?= \S))\s+|\(?(?:\d{{1,3}}|[a-zA-Z]|[ivx]{{1,5}})[.)]\s+(?=\S)")
BULLET = re.compile(r"[^\w(]\s+|o\s+")
DOT = re.compile(r"[•●○▪■‣]\s")
STARTS_LOW = re.compile(r"[\"'“\u2018(\[]?[a-zß-ÿ\d]")
MOST_CHARACTERS = 40_000


class Flow:
    """The state between one line and the next."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self.compounds = Compounds()
        self._running = Running(self.compounds)
        self._kind = BlockKind.PARAGRAPH
        self._level = 0
        self._last: Line | None = None
        self._first: Line | None = None  # the first line of the open block
        self._aside: list[Block] = []
        self._leading = USUAL_LEADING
        self._broken = False  # whether a table or note stands between the last line and the next
        self.table_before: Table | None = None  # with which the page before ended

    def take(self, items: Sequence[Line | Table], page: int) -> Iterator[Block]:
        """Take a page's content in reading order, and yield the blocks that are complete."""
        self._leading = self._usual_leading(items) or self._leading
        for item in self._continued(items):
            if isinstance(item, Table):
                yield from self._table(item, page)
            elif self._is_note(item):
                yield from self._note(item)
            else:
                yield from self._line(item)

    def _continued(self, items: Sequence[Line | Table]) -> list[Line | Table]:
        """Give a table at the top of a page the header of the one that ended the page before, if it goes on there."""
        found = list(items)
        if found and isinstance(found[0], Table) and self.table_before is not None:
            found[0] = found[0].after(self.table_before)
        last = found[-1] if found else None
        self.table_before = last if isinstance(last, Table) else None
        return found

    def finish(self) -> Iterator[Block]:
        """The document ends."""
        yield from self._close()

    @staticmethod
    def _usual_leading(items: Sequence[Line | Table]) -> float:
        """Return the commonest distance between baselines in font sizes, or 0 when there are too few lines."""
        gaps: Counter[float] = Counter()
        for above, below in pairwise(items):
            if isinstance(above, Line) and isinstance(below, Line) and above.zone is below.zone:
                gaps[round((below.baseline - above.baseline) / below.size, 1)] += 1
        return max(gaps, key=lambda gap: (gaps[gap], -gap)) if sum(gaps.values()) >= 4 else 0.0

    def _close(self) -> Iterator[Block]:
        """Yield what is open. Notes that stood in the middle of it come first: they are on the page where it begins."""
        yield from self._aside
        self._aside = []
        if self._running:
            yield self._running.take(self._kind, self._level)
        self._kind, self._level, self._first, self._broken = BlockKind.PARAGRAPH, 0, None, False

    def _open(self, line: Line, kind: BlockKind, text: str, level: int = 0) -> None:
        self._kind, self._level, self._first = kind, level, line
        self._running.add(text, line.page)

    def _table(self, table: Table, page: int) -> Iterator[Block]:
        if table.contents:
            text = "\n".join(f"- {title} … {number}" for title, number in table.rows)
            block = Block(BlockKind.LIST, text, page)
        else:
            block = Block(BlockKind.TABLE, markdown_table(table.rows), page)
        if not self._interrupts(page):
            yield from self._close()
            self._last = None
        self._aside.append(block)
        self._broken = True

    def _interrupts(self, page: int) -> bool:
        """Whether what comes now stands in the middle of a paragraph that goes on later."""
        unfinished = self._kind is BlockKind.PARAGRAPH and self._running and not ends_sentence(self._running.end)
        return bool(unfinished) and self._running.page == page and self._last is not None and not self._last.short

    def _is_note(self, line: Line) -> bool:
        return line.size < SMALL * self._styles.body and not line.mono and self._interrupts(line.page)

    def _note(self, line: Line) -> Iterator[Block]:
        """Keep a note or caption aside; its lines become one block."""
        last = self._aside[-1] if self._aside else None
        if last is not None and last.kind is BlockKind.PARAGRAPH and not ends_sentence(last.text):
            self._aside[-1] = Block(BlockKind.PARAGRAPH, f"{last.text} {line.text}", last.page)
        else:
            self._aside.append(Block(BlockKind.PARAGRAPH, line.text, line.page))
        self._broken = True
        yield from ()

    def _line(self, line: Line) -> Iterator[Block]:
        apart = self._apart(line)
        level = self._styles.level(line, apart=apart)
        if level:
            yield from self._heading(line, level)
        elif line.mono and not DOT.match(line.text):
            yield from self._code(line)
        elif has_leader(line.text):
            yield from self._item(line, f"- {LEADER.sub(' … ', line.text)}")
        elif marked := ITEM.match(line.text):
            bullet = BULLET.match(marked[0]) is not None
            yield from self._item(line, f"- {line.text[marked.end() :]}" if bullet else line.text)
        elif self._continues(line, apart=apart):
            self._running.add(line.text, line.page)
        else:
            yield from self._close()
            self._open(line, BlockKind.PARAGRAPH, line.text)
        self._last = line
        self._broken = False
        if len(self._running) > MOST_CHARACTERS:
            yield from self._close()

    def _apart(self, line: Line) -> bool:
        last = self._last
        if last is None or last.page != line.page or last.zone is not line.zone:
            return True
        return (
            line.baseline - last.baseline > WIDER * self._leading * max(line.size, last.size)
            or self._kind is BlockKind.HEADING
        )

    def _heading(self, line: Line, level: int) -> Iterator[Block]:
        last = self._last
        same = (
            self._kind is BlockKind.HEADING
            and last is not None
            and abs(last.size - line.size) < 0.5
            and last.bold == line.bold
        )
        if same and last is not None and last.zone is line.zone and last.page == line.page:
            close = line.baseline - last.baseline <= 1.5 * line.size
            if close and not self._styles.begins_new(last, line):
                self._running.add(line.text, line.page)
                return
        yield from self._close()
        self._open(line, BlockKind.HEADING, line.text, level)

    def _code(self, line: Line) -> Iterator[Block]:
        if self._kind is not BlockKind.CODE or self._first is None or (self._broken and self._aside):
            yield from self._close()
            self._open(line, BlockKind.CODE, line.text)
            return
        width = max(1.0, line.size * 0.6)
        indent = " " * max(0, round((line.left - self._first.left) / width)) if line.page == self._first.page else ""
        blank = self._last is not None and line.page == self._last.page and self._apart(line)
        self._running.add(f"{indent}{line.text}", line.page, "\n\n" if blank else "\n")

    def _item(self, line: Line, text: str) -> Iterator[Block]:
        if self._kind is not BlockKind.LIST:
            yield from self._close()
            self._open(line, BlockKind.LIST, text)
        else:
            self._running.add(text, line.page, "\n")
            self._first = line

    def _continues(self, line: Line, *, apart: bool) -> bool:
        last, first = self._last, self._first
        if last is None or first is None or self._kind not in (BlockKind.PARAGRAPH, BlockKind.LIST):
            return False
        if abs(last.size - line.size) > SIZE_CHANGE * line.size or (last.bold and not line.bold and last.short):
            return False
        if last.page == line.page and last.zone is line.zone and not self._broken:
            return self._same_paragraph(last, first, line, apart=apart)
        return self._goes_on(last, line)

    def _same_paragraph(self, last: Line, first: Line, line: Line, *, apart: bool) -> bool:
        """Whether a line right below belongs to the paragraph or to the list's item above it."""
        if apart:
            return False
        if self._kind is BlockKind.LIST:
            return line.left > first.left + 1 or not (last.short and ends_sentence(last.text))
        indented = line.left > last.left + INDENT * line.size and line.left > line.zone.left + INDENT * line.size
        return not indented and not (last.short and ends_sentence(last.text))

    def _goes_on(self, last: Line, line: Line) -> bool:
        """Whether a line at the top of the next column or page goes on with the paragraph."""
        if ends_sentence(last.text) or line.page - last.page > 1:
            return False
        return STARTS_LOW.match(line.text) is not None or not last.short
