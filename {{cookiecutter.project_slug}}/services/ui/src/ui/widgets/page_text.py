"""A page's text as HTML: tables as tables, a quote marked, and everything else exactly as it was read.

Nothing of the text works: each character of it is escaped, in cells too, so that links, pictures and HTML stay text.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

TABLE = re.compile(r"^\|.*\|[ \t]*\n\|(?:[ \t]*:?-{3,}:?[ \t]*\|)+[ \t]*(?:\n\|.*\|[ \t]*)*(?:\n|\Z)", re.M)
CELL = re.compile(r"((?:[^|\\\n]|\\.)*)\|")
RULE = 1
"""Which line of a table is the one that divides its header from its rows."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A part of a text, from one place to before another."""

    start: int
    end: int


def page_html(text: str, quote: str | None) -> tuple[str, bool]:
    """Return a page's text as HTML with a quote marked, and whether the quote was found.

    Line breaks and runs of blanks in either do not matter. A quote that reaches over cells is marked in each of them.
    """
    quoted = _place_of(quote, text)
    writer = _Writer(text, quoted)
    shown, at = [], 0
    for table in TABLE.finditer(text):
        cells = [list(_cells(text, line)) for line in _lines(text, table.start(), table.end())]
        if len(cells[0]) == len(cells[RULE]):
            shown += [writer.write(_Span(at, table.start())), writer.table(cells)]
            at = table.end()
    shown.append(writer.write(_Span(at, len(text))))
    return "".join(shown), quoted is not None


def _place_of(quote: str | None, text: str) -> _Span | None:
    words = [re.escape(word) for word in (quote or "").split()]
    found = re.search(r"\s+".join(words), text, re.IGNORECASE) if words else None
    return _Span(*found.span()) if found else None


def _lines(text: str, start: int, end: int) -> Iterator[_Span]:
    for line in re.finditer(r"[^\n]+", text[start:end]):
        yield _Span(start + line.start(), start + line.end())


def _cells(text: str, line: _Span) -> Iterator[_Span]:
    """Yield the cells of a row; an escaped bar does not end one, and what follows the last bar is one too."""
    at = line.start + 1
    while cell := CELL.match(text, at, line.end):
        yield _trimmed(text, *cell.span(1))
        at = cell.end()
    rest = _trimmed(text, at, line.end)
    if rest.start < rest.end:
        yield rest


def _trimmed(text: str, start: int, end: int) -> _Span:
    content = text[start:end]
    return _Span(end - len(content.lstrip()), start + len(content.rstrip())) if content.strip() else _Span(end, end)


class _Writer:
    """Writes parts of one text, with the quote marked where a part holds some of it."""

    def __init__(self, text: str, quoted: _Span | None) -> None:
        self._text = text
        self._quoted = quoted
        self._begun = False

    def table(self, rows: list[list[_Span]]) -> str:
        head = "".join(f"<th>{self._cell(cell)}</th>" for cell in rows[0])
        body = ["".join(f"<td>{self._cell(cell)}</td>" for cell in row) for row in rows[RULE + 1 :]]
        lines = "".join(f"<tr>{line}</tr>" for line in body)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"

    def write(self, part: _Span) -> str:
        quoted = self._quoted
        if quoted is None or quoted.end <= part.start or part.end <= quoted.start:
            return self._escaped(part.start, part.end)
        start, end = max(part.start, quoted.start), min(part.end, quoted.end)
        inner = self._escaped(start, end)
        if not inner.strip():
            return self._escaped(part.start, part.end)
        begin, self._begun = "<mark>" if self._begun else '<mark id="quote">', True
        return f"{self._escaped(part.start, start)}{begin}{inner}</mark>{self._escaped(end, part.end)}"

    def _cell(self, cell: _Span) -> str:
        return self.write(cell).replace("\\|", "|")

    def _escaped(self, start: int, end: int) -> str:
        return html.escape(self._text[start:end])
