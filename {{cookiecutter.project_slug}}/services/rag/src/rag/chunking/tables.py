"""A long table in several parts, each of them with the header."""

from collections.abc import Iterator
from dataclasses import replace

from rag.chunking.boundaries import after_word
from rag.chunking.pieces import Piece, split_at, split_by_room
from rag.chunking.tokens import estimate
from rag.parsing.blocks import BlockKind

LARGEST_HEADER = 0.4
"""Part of the room; a larger header is not repeated."""


def header_of(piece: Piece) -> str:
    """Return the header and the line below it, or nothing when the text is not a Markdown table."""
    lines = piece.text.split("\n", 2)
    return "\n".join(lines[:2]) + "\n" if len(lines) == 3 and lines[1].startswith("| ---") else ""


def table_parts(piece: Piece, first_room: int, room: int) -> Iterator[Piece]:
    """Divide a table by its rows.

    Args:
        piece: The whole table.
        first_room: Tokens that the first part may have.
        room: Tokens that each other part may have.
    """
    header = header_of(piece)
    size = estimate(header) if header else 0
    if size > LARGEST_HEADER * room:
        header, size = "", 0
    left, repeated = max(first_room, size + 1), ""
    while piece.tokens > left - (size if repeated else 0):
        at = _rows(piece, left - (size if repeated else 0), 0 if repeated else len(header))
        part, piece = split_at(piece, at or piece.text.find("\n") + 1 or len(piece.text))
        piece = replace(piece, tokens=estimate(piece.text))
        yield from [_with_header(part, repeated)] if at else _long_row(part, room)
        if not piece.text:
            return
        left, repeated = room, header
    yield _with_header(piece, repeated)


def _rows(piece: Piece, room: int, start: int) -> int:
    """Return the end of the last row that there is room for, or 0 when the first one is too long.

    A part that is half full ends with the page.
    """
    text, page_end = piece.text, piece.breaks[0] if piece.breaks else 0
    used = estimate(text[:start]) if start else 0
    end = start
    while (line := text.find("\n", end)) >= 0:
        size = estimate(text[end : line + 1])
        if used + size > room or (page_end and end >= page_end and used >= room / 2):
            break
        used, end = used + size, line + 1
    return end if end > start else 0


def _with_header(part: Piece, header: str) -> Piece:
    text = f"{header}{part.text}"
    breaks = tuple(at + len(header) for at in part.breaks)
    return replace(part, text=text, breaks=breaks, tokens=estimate(text), before="\n\n", repeated=len(header))


def _long_row(row: Piece, room: int) -> Iterator[Piece]:
    """Divide a row that is longer than a chunk, which no header helps."""
    row = replace(row, kind=BlockKind.PARAGRAPH)
    while row.tokens > room:
        first, row = split_by_room(row, room, after_word)
        yield first
    yield row
