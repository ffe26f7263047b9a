"""Markdown, line by line: front matter, headings, lists, tables, fenced and indented code, quotations."""

import re
from collections.abc import Callable, Iterable, Iterator

from rag.parsing.blocks import Block, BlockKind, DocumentInfo
from rag.parsing.detection import MARKDOWN
from rag.parsing.encoding import TextFile
from rag.parsing.markup.inline import plain
from rag.parsing.markup.tables import markdown_table

HEADING = re.compile(r" {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$")
SETEXT = re.compile(r" {0,3}(=+|-+)\s*$")
FENCE = re.compile(r"\s{0,12}(`{3,}|~{3,})([^`]*)$")
RULE = re.compile(r" {0,3}([-*_])(?:\s*\1){2,}\s*$")
ITEM = re.compile(r"(\s*)([-*+]|\d{1,9}[.)])(?:\s+(.*))?$")
DELIMITER = re.compile(r"\s*(?:\|\s*)?(?::?-+:?\s*\|\s*)+(?::?-+:?\s*)?$")
CELLS = re.compile(r"(?<!\\)\|")
QUOTE = re.compile(r" {0,3}>\s?")
DEFINITION = re.compile(r" {0,3}\[[^\]]+\]:\s*\S+")
FRONT_TITLE = re.compile(r"title:\s*[\"']?(.*?)[\"']?\s*$", re.IGNORECASE)
FRONT_LINES = 200
MOST_CHARACTERS = 40_000
INDENTED = "    "


def open_markdown(text: TextFile) -> tuple[DocumentInfo, Iterator[Block]]:
    """Return what is known about the file, and its blocks."""
    title = _title(text.lines())
    return DocumentInfo(MARKDOWN, title, None), MarkdownBlocks().blocks(text.lines())


def _title(lines: Iterator[str]) -> str | None:
    """Return the title of the front matter, else the first heading of the first level, near the beginning."""
    before, front = "", False
    for number, line in enumerate(lines):
        if number == 0 and line == "---":
            front = True
        elif front and (found := FRONT_TITLE.match(line)) and found[1]:
            return found[1]
        elif front and line in ("---", "..."):
            front = False
        elif not front and (found := HEADING.match(line)) and len(found[1]) == 1 and found[2]:
            return plain(found[2])
        elif not front and before and line.startswith("==") and SETEXT.match(line):
            return plain(before)
        elif number > FRONT_LINES:
            break
        before = line.strip()
    return None


class MarkdownBlocks:
    """A state for each kind of block that goes over several lines."""

    def __init__(self) -> None:
        self._held: list[str] = []
        self._size = 0
        self._state: Callable[[str], Iterator[Block]] = self._first
        self._fence = ""

    def blocks(self, lines: Iterable[str]) -> Iterator[Block]:
        """Yield the blocks of a document."""
        for line in lines:
            yield from self._state(line)
        yield from self._end()

    def _first(self, line: str) -> Iterator[Block]:
        """Look at the first line of the file, which may begin a front matter."""
        self._state = self._text
        if line == "---":
            self._state = self._front
        else:
            yield from self._text(line)

    def _front(self, line: str) -> Iterator[Block]:
        """Keep the front matter until it is closed; if it never is, it was none."""
        self._held.append(line)
        if line in ("---", "..."):
            self._held = []
            self._state = self._text
        elif len(self._held) > FRONT_LINES:
            held, self._held, self._state = self._held, [], self._text
            for each in held:
                yield from self._text(each)

    def _text(self, line: str) -> Iterator[Block]:
        if fence := FENCE.match(line):
            yield from self._end()
            self._fence, self._state = fence[1], self._fenced
            return
        line = self._unquoted(line)
        if not line.strip():
            yield from self._end()
        elif heading := HEADING.match(line):
            yield from self._end()
            yield from _block(BlockKind.HEADING, plain(heading[2] or ""), len(heading[1]))
        elif self._held and (under := SETEXT.match(line)):
            yield from self._underlined(1 if under[1][0] == "=" else 2)
        elif RULE.match(line):
            yield from self._end()
        else:
            yield from self._begin(line)

    def _begin(self, line: str) -> Iterator[Block]:
        """Take a line that belongs to a paragraph, unless it begins something else."""
        if ITEM.match(line):
            yield from self._end()
            self._state = self._listed
            yield from self._listed(line)
        elif len(self._held) == 1 and "|" in self._held[0] and DELIMITER.match(line):
            self._state = self._tabled
        elif not self._held and line.startswith(INDENTED):
            self._state = self._indented
            yield from self._indented(line)
        elif self._held or not DEFINITION.match(line):
            yield from self._hold(line, BlockKind.PARAGRAPH)

    def _unquoted(self, line: str) -> str:
        while (found := QUOTE.match(line)) is not None:
            line = line[found.end() :]
        return line

    def _underlined(self, level: int) -> Iterator[Block]:
        *before, heading = self._held
        self._held = before
        yield from self._end()
        yield from _block(BlockKind.HEADING, plain(heading), level)

    def _fenced(self, line: str) -> Iterator[Block]:
        found = FENCE.match(line)
        if found and found[1].startswith(self._fence) and not found[2].strip():
            yield from self._end()
        else:
            yield from self._hold(line, BlockKind.CODE)

    def _indented(self, line: str) -> Iterator[Block]:
        if line.startswith(INDENTED) or not line.strip():
            yield from self._hold(line.removeprefix(INDENTED), BlockKind.CODE)
        else:
            yield from self._end()
            yield from self._text(line)

    def _tabled(self, line: str) -> Iterator[Block]:
        if "|" in line:
            yield from self._hold(line, BlockKind.TABLE)
        else:
            yield from self._end()
            yield from self._text(line)

    def _listed(self, line: str) -> Iterator[Block]:
        """Take lines of a list: items, their further lines, and blank lines between two items."""
        blank_before = bool(self._held) and not self._held[-1]
        if not line.strip():
            if blank_before:
                yield from self._end()
            else:
                self._held.append("")
        elif FENCE.match(line) or HEADING.match(line) or (blank_before and not ITEM.match(line) and line[0] != " "):
            yield from self._end()
            yield from self._text(line)
        else:
            yield from self._hold(line, BlockKind.LIST)

    def _hold(self, line: str, kind: BlockKind) -> Iterator[Block]:
        self._held.append(line)
        self._size += len(line) + 1
        if self._size > MOST_CHARACTERS:
            state = self._state
            yield from _built(kind, self._held)
            self._held, self._size, self._state = [], 0, state

    def _end(self) -> Iterator[Block]:
        """Close what is open."""
        kinds: dict[Callable[[str], Iterator[Block]], BlockKind] = {
            self._fenced: BlockKind.CODE,
            self._indented: BlockKind.CODE,
            self._tabled: BlockKind.TABLE,
            self._listed: BlockKind.LIST,
        }
        kind = kinds.get(self._state, BlockKind.PARAGRAPH)
        held, self._held, self._size, self._state = self._held, [], 0, self._text
        yield from _built(kind, held)


def _built(kind: BlockKind, lines: list[str]) -> Iterator[Block]:
    match kind:
        case BlockKind.CODE:
            yield from _block(kind, "\n".join(lines).strip("\n"))
        case BlockKind.TABLE:
            yield from _block(kind, markdown_table([_cells(line) for line in lines]))
        case BlockKind.LIST:
            yield from _block(kind, "\n".join(_items(lines)))
        case _:
            yield from _block(kind, plain(" ".join(line.strip() for line in lines)))


def _block(kind: BlockKind, text: str, level: int = 0) -> Iterator[Block]:
    if text.strip():
        yield Block(kind, text, 1, level)


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner.removesuffix("|") if not inner.endswith("\\|") else inner
    return [plain(cell.replace("\\|", "|")) for cell in CELLS.split(inner)]


def _items(lines: list[str]) -> list[str]:
    """Return one line for each item, nested ones indented by two spaces a level."""
    found: list[str] = []
    indents: list[int] = []
    for line in lines:
        if item := ITEM.match(line):
            while (indents and indents[-1] >= len(item[1]) > 0) or (indents and not item[1]):
                indents.pop()
            indents.append(len(item[1]))
            mark = "-" if item[2] in "-*+" else item[2]
            found.append(f"{'  ' * (len(indents) - 1)}{mark} {plain(item[3] or '')}".rstrip())
        elif line.strip() and found:
            found[-1] += " " + plain(line.strip())
        elif line.strip():
            found.append(plain(line.strip()))
    return found
