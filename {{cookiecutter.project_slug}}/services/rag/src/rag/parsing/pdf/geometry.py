"""Pieces of text and lines with their places on a page. Points; x to the right, y downwards from the upper edge."""

from dataclasses import dataclass, field
from typing import NamedTuple

ROW = 0.4
"""Font sizes by which the baselines of a row may differ."""


@dataclass(slots=True)
class Segment:
    """Text without wide gaps on one line."""

    text: str
    left: float
    baseline: float
    right: float
    size: float
    bold: bool
    mono: bool

    @property
    def width(self) -> float:
        """How far it reaches."""
        return self.right - self.left

    def row_of(self, other: "Segment") -> bool:
        """Whether both stand on one line."""
        return abs(self.baseline - other.baseline) <= ROW * min(self.size, other.size)


class Rule(NamedTuple):
    """A horizontal line that is drawn."""

    y: float
    left: float
    right: float


@dataclass(slots=True)
class Page:
    """What was read from a page."""

    number: int
    width: float
    height: float
    segments: list[Segment]
    rules: list[Rule] = field(default_factory=list)
    readable: bool = True
    """False of one that cannot be opened: it is in the file's list of pages, and nowhere else."""


def unreadable(number: int) -> Page:
    """Return a page that cannot be opened."""
    return Page(number, 0.0, 0.0, [], readable=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn by quarters that makes the text of a page upright, and the corners of the page before it."""

    quarters: int
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Of the page as it is read."""
        return self.y1 - self.y0 if self.quarters % 2 else self.x1 - self.x0

    @property
    def height(self) -> float:
        """Of the page as it is read."""
        return self.x1 - self.x0 if self.quarters % 2 else self.y1 - self.y0

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the file is on the page as it is read."""
        if not self.quarters:
            return x - self.x0, self.y1 - y
        match self.quarters:
            case 1:
                return y - self.y0, x - self.x0
            case 2:
                return self.x1 - x, y - self.y0
            case _:
                return self.y1 - y, self.x1 - x

    def box(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        """Return left, upper, right and lower edge of a box of the file, as it is read."""
        if not self.quarters:
            return left - self.x0, self.y1 - top, right - self.x0, self.y1 - bottom
        x, y = self.point(left, top)
        u, v = self.point(right, bottom)
        return min(x, u), min(y, v), max(x, u), max(y, v)
