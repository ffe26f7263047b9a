"""Segments to rows: pieces on one line that belong together become one again, and bullets find their text."""

import re
from collections.abc import Sequence

from rag.parsing.pdf.geometry import Segment

TOUCHING = 0.6
"""Font sizes between two pieces of one text, as when a word in between is bold."""
SPACE = 0.12
MARK = re.compile(
    r"(?:[•●○◦▪▫■□‣\u2043∙·*\u2013—-]|[\uf0a7\uf0b7\uf0d8\uf076\uf0fc]|o|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)])$"
)
MARK_REACH = 4.0

Row = list[Segment]


def rows_of(segments: Sequence[Segment]) -> list[Row]:
    """Return rows from top to bottom, each from left to right."""
    rows: list[Row] = []
    for segment in sorted(segments, key=lambda each: (each.baseline, each.left)):
        if rows and rows[-1][0].row_of(segment):
            rows[-1].append(segment)
        else:
            rows.append([segment])
    return [row if len(row) == 1 else _joined(sorted(row, key=lambda each: each.left)) for row in rows]


def _joined(row: Row) -> Row:
    found = [row[0]]
    for segment in row[1:]:
        last = found[-1]
        gap = segment.left - last.right
        if -last.size <= gap <= TOUCHING * last.size:
            found[-1] = _merged(last, segment, " " if gap > SPACE * last.size else "")
        elif len(found) == 1 and MARK.match(last.text) and 0 < gap <= MARK_REACH * segment.size:
            found[-1] = _merged(segment, segment, " ", first=last)
        else:
            found.append(segment)
    return found


def _merged(last: Segment, segment: Segment, gap: str, first: Segment | None = None) -> Segment:
    begin = first or last
    return Segment(
        f"{begin.text}{gap}{segment.text}",
        begin.left,
        last.baseline,
        segment.right,
        max(last.size, segment.size),
        last.bold and segment.bold,
        last.mono and segment.mono,
    )
