"""A line of text with what its neighbourhood says about it."""

from dataclasses import dataclass

from rag.parsing.pdf.columns import Zone
from rag.parsing.pdf.rows import Row

FULL = 0.12
"""Part of its column that a full line may leave empty, since text need not be justified."""


@dataclass(slots=True)
class Line:
    """A row of a zone as one line."""

    text: str
    page: int
    left: float
    right: float
    baseline: float
    size: float
    bold: bool
    mono: bool
    zone: Zone

    @property
    def short(self) -> bool:
        """Whether there was room for more words."""
        return self.zone.right - self.right > FULL * (self.zone.right - self.zone.left)


def line_of(row: Row, page: int, zone: Zone) -> Line:
    """Return the segments of a row as one line."""
    first = row[0]
    if len(row) == 1:
        return Line(first.text, page, first.left, first.right, first.baseline, first.size, first.bold, first.mono, zone)
    return Line(
        " ".join(each.text for each in row),
        page,
        first.left,
        row[-1].right,
        first.baseline,
        max(each.size for each in row),
        all(each.bold for each in row),
        all(each.mono for each in row),
        zone,
    )
