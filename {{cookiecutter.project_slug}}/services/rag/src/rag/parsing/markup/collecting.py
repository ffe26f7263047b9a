"""Elements that open and close, and text between them, into blocks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rag.parsing.blocks import Block, BlockKind
from rag.parsing.markup.tables import markdown_table

HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BREAKING = (
    "p div section article main body header footer blockquote figure figcaption address hgroup details summary "
    "fieldset center dl dt dd hr pre ul ol li table caption"
)
BREAKING = frozenset(_BREAKING.split()) | frozenset(HEADINGS)
SPACES = re.compile(r"[ \t\n\f\r]+")
MOST_CHARACTERS = 40_000
MOST_ROWS = 500
DEEPEST_LIST = 8
SHORT_TERM, SHORT_MEANING = 120, 400
"""Characters of a term and of what it means, up to which the two are one paragraph."""
APART = frozenset(HEADINGS) | {"ul", "ol", "table", "pre"}
"""Elements that are never the meaning of a term by themselves."""


@dataclass(slots=True)
class Table:
    """A table that is being read. One inside a cell adds its text to that cell."""

    rows: list[list[str]] = field(default_factory=list)
    header: list[str] | None = None


class Collector:
    """The state of a walk through a document: what is open, and the text that waits for its end."""

    def __init__(self) -> None:
        self._pending: list[str] = []
        self._size = 0
        self._items: list[str] = []
        self._lists: list[int | None] = []  # of each open list the next number, or none
        self._fresh = False  # whether an item has begun that has no text yet
        self._table: Table | None = None
        self._tables = 0
        self._pre = 0
        self._term = ""  # of a list of definitions, while its meaning is awaited

    def text(self, text: str) -> None:
        """Take text as it stands in the source."""
        self._pending.append(text)
        self._size += len(text)

    def open(self, tag: str | None, attributes: Mapping[str, str | None]) -> Iterator[Block]:
        """An element begins."""
        if tag in BREAKING and not self._tables:
            yield from self._flush()
        if tag in APART:
            yield from self._end_term()
        self._begin(tag, attributes)
        if tag == "tr" and self._table is not None and self._tables == 1:
            yield from self._begin_row(self._table)
        if self._size > MOST_CHARACTERS and not self._tables and not self._pre:
            yield from self._flush()

    def _begin(self, tag: str | None, attributes: Mapping[str, str | None]) -> None:
        match tag:
            case "br":
                self._pending.append("\n" if self._pre else " ")
            case "img" | "area":
                self._pending.append(f" {attributes.get('alt') or ''} ")
            case "ul" | "ol":
                self._lists.append(1 if tag == "ol" else None)
            case "li":
                self._fresh = True
            case "pre":
                self._pre += 1
            case "table":
                self._begin_table()
            case "td" | "th" if self._tables == 1:
                self._pending = []
            case _:
                if tag in BREAKING:
                    self._pending.append(" ")

    def close(self, tag: str | None) -> Iterator[Block]:
        """An element ends."""
        if tag in HEADINGS and not self._tables:
            yield from self._heading(HEADINGS[tag])
        elif tag == "li" and not self._tables:
            self._item()
        elif tag in ("ul", "ol"):
            yield from self._end_list()
        elif tag == "pre":
            yield from self._code()
        elif tag == "table":
            yield from self._end_table()
        elif tag == "caption" and self._tables == 1:
            yield from self._caption()
        elif tag in ("td", "th") and self._tables == 1 and self._table is not None:
            self._cell(self._table)
        elif tag in BREAKING and not self._tables:
            yield from self._paragraph(tag)

    def _paragraph(self, tag: str | None) -> Iterator[Block]:
        """End a paragraph; a term waits for its meaning."""
        if tag == "dt" and not (self._lists or self._pre):
            yield from self._end_term()
            self._term = self._words()
            return
        yield from self._flush()
        if tag == "dl":
            yield from self._end_term()

    def finish(self) -> Iterator[Block]:
        """The document ends."""
        self._tables = min(self._tables, 1)
        if self._tables:
            yield from self._end_table()
        yield from self._flush()
        yield from self._end_term()
        yield from self._end_items()

    def _take(self) -> str:
        text = "".join(self._pending)
        self._pending, self._size = [], 0
        return text

    def _words(self) -> str:
        return SPACES.sub(" ", self._take()).strip()

    def _flush(self) -> Iterator[Block]:
        """End a paragraph, or the part of a list's item before something inside it."""
        if self._pre:
            return
        if self._lists:
            self._item()
            return
        words = self._words()
        if words and len(self._term) <= SHORT_TERM and len(words) <= SHORT_MEANING:
            yield Block(BlockKind.PARAGRAPH, self._defined(words), 1)
        elif words:
            yield from self._end_term()
            yield Block(BlockKind.PARAGRAPH, words, 1)

    def _defined(self, words: str) -> str:
        """Return a paragraph with the term in front that it is the meaning of, if there is one."""
        term, self._term = self._term, ""
        return f"{term}{'' if term.endswith((':', '.', '?')) else ':'} {words}" if term else words

    def _end_term(self) -> Iterator[Block]:
        """No meaning follows that could stand with its term."""
        term, self._term = self._term, ""
        if term:
            yield Block(BlockKind.PARAGRAPH, term, 1)

    def _heading(self, level: int) -> Iterator[Block]:
        words = self._words()
        if words:
            yield from self._end_items()
            yield Block(BlockKind.HEADING, words, 1, level)

    def _item(self) -> None:
        words = self._words()
        if not words:
            return
        if not self._fresh and self._items:
            self._items[-1] += f" {words}"
            return
        self._fresh = False
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number + 1
        depth = min(max(len(self._lists) - 1, 0), DEEPEST_LIST)
        self._items.append(f"{'  ' * depth}{'-' if number is None else f'{number}.'} {words}")

    def _end_list(self) -> Iterator[Block]:
        if not self._tables:
            self._item()
        if self._lists:
            self._lists.pop()
        if not self._lists and not self._tables:
            yield from self._end_items()

    def _end_items(self) -> Iterator[Block]:
        if self._items:
            yield Block(BlockKind.LIST, "\n".join(self._items), 1)
            self._items = []

    def _code(self) -> Iterator[Block]:
        self._pre = max(0, self._pre - 1)
        if self._tables or self._pre:
            return
        text = self._take().strip("\n")
        if text.strip():
            yield from self._end_items()
            yield Block(BlockKind.CODE, text, 1)

    def _begin_table(self) -> None:
        self._tables += 1
        if self._tables == 1:
            self._table = Table()

    def _caption(self) -> Iterator[Block]:
        words = self._words()
        if words:
            yield from self._end_items()
            yield Block(BlockKind.PARAGRAPH, words, 1)

    def _begin_row(self, table: Table) -> Iterator[Block]:
        if len(table.rows) >= MOST_ROWS:
            yield from self._rows(table)
        self._pending = []
        table.rows.append([])

    def _cell(self, table: Table) -> None:
        if not table.rows:
            table.rows.append([])
        table.rows[-1].append(self._words())

    def _rows(self, table: Table) -> Iterator[Block]:
        """Yield what there is of a table; parts of a long one repeat its header."""
        rows = table.rows if table.header is None else [table.header, *table.rows]
        text = markdown_table(rows)
        if text:
            yield Block(BlockKind.TABLE, text, 1)
        table.header = rows[0] if rows else None
        table.rows = []

    def _end_table(self) -> Iterator[Block]:
        self._tables = max(0, self._tables - 1)
        if self._tables or self._table is None:
            return
        table, self._table = self._table, None
        if table.rows:
            yield from self._end_items()
            yield from self._rows(table)
        self._take()
