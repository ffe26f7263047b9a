"""Plain text, among it that of RFCs: form feeds divide pages, and layout says what is a heading and what is code."""

from collections.abc import Iterator, Sequence

from rag.parsing.blocks import Block, BlockKind, DocumentInfo
from rag.parsing.detection import TEXT
from rag.parsing.encoding import TextFile
from rag.parsing.flow import Compounds, Running
from rag.parsing.limits import ParsingLimits
from rag.parsing.plain.groups import UNDERLINE, heading_level, items, keeps_layout
from rag.parsing.plain.lines import Line, Shape, lines_of, survey

MOST_LINES = 400
MOST_CHARACTERS = 40_000
CENTRED = 10
LINES_BEFORE_TITLE = 30


def open_plain(text: TextFile, limits: ParsingLimits) -> tuple[DocumentInfo, Iterator[Block]]:
    """Return what is known about the file, and its blocks. Raises `ParsingRefused`."""
    shape = survey(text, limits)
    info = DocumentInfo(TEXT, _title(text, shape), shape.pages if shape.pages > 1 else None)
    return info, PlainBlocks(shape).blocks(_groups(lines_of(text, shape)))


def _title(text: TextFile, shape: Shape) -> str | None:
    """Return the first line that stands alone, at the margin or centred, when there is one near the beginning."""
    seen = 0
    for group in _groups(lines_of(text, shape)):
        first = group[0]
        alone = len(group) == 1 or (len(group) == 2 and UNDERLINE.match(group[1].text) is not None)
        if alone and len(first.text.strip()) <= 100 and (seen == 0 or first.indent >= CENTRED):
            return first.text.strip()
        seen += len(group)
        if seen > LINES_BEFORE_TITLE:
            break
    return None


def _groups(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Divide lines at blank ones, and where a group gets too long."""
    group: list[Line] = []
    size = 0
    for line in lines:
        blank = not line.text
        if group and (blank or len(group) >= MOST_LINES or size >= MOST_CHARACTERS):
            yield group
            group, size = [], 0
        if not blank:
            group.append(line)
            size += len(line.text)
    if group:
        yield group


class PlainBlocks:
    """Groups of lines to blocks. Code that is divided by blank lines stays one block."""

    def __init__(self, shape: Shape) -> None:
        self._margin = shape.indent
        self._compounds = Compounds()
        self._code = Running(self._compounds)

    def blocks(self, groups: Iterator[list[Line]]) -> Iterator[Block]:
        """Yield a block for each heading, list, paragraph and piece of code."""
        for group in groups:
            level = heading_level(group, self._margin)
            if not level and keeps_layout(group, self._margin):
                if len(self._code) > MOST_CHARACTERS:
                    yield self._code.take(BlockKind.CODE)
                self._add_code(group)
                continue
            if self._code:
                yield self._code.take(BlockKind.CODE)
            yield self._prose(group, level)
        if self._code:
            yield self._code.take(BlockKind.CODE)

    def _add_code(self, group: Sequence[Line]) -> None:
        between = "\n\n"
        for line in group:
            self._code.add(line.text[min(self._margin, line.indent) :], line.page, between)
            between = "\n"

    def _prose(self, group: Sequence[Line], level: int) -> Block:
        if level:
            lines = [line for line in group if not UNDERLINE.match(line.text)]
            return self._running([lines]).take(BlockKind.HEADING, min(level, 6))
        listed = items(group)
        if listed:
            return self._running(listed, mark="- ").take(BlockKind.LIST)
        return self._running([group]).take(BlockKind.PARAGRAPH)

    def _running(self, parts: Sequence[Sequence[Line]], mark: str = "") -> Running:
        running = Running(self._compounds)
        for part in parts:
            for at, line in enumerate(part):
                text = " ".join(line.text.split())
                new = at == 0 and bool(running)
                running.add(_item(text) if mark and at == 0 else text, line.page, "\n" if new else None)
        return running


def _item(text: str) -> str:
    """Write the mark of a list's item in one way; numbers and letters stay."""
    mark, _, rest = text.partition(" ")
    return f"- {rest.strip()}" if (len(mark) == 1 and not mark.isalnum()) or mark == "o" else text
