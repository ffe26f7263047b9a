"""Page furniture: running heads, feet and page numbers, which stand at the same place on neighbouring pages."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

REACH = 4
"""Pages before and after that are compared. Left and right pages may differ, so one neighbour is not enough."""
ENOUGH = 2
TOLERANCE, SIDEWAYS = 3.0, 12.0
DIGITS = re.compile(r"\d+")
SPACES = re.compile(r"\s+")
NUMBER_ONLY = re.compile(
    r"[\W_]*(?:(?:page|p\.|seite|página)\s*)?(?:#|[ivxl]{1,7})(?:\s*(?:of|/|von|de|\|)\s*#)?[\W_]*$"
)
LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Edge:
    """A line near the upper or lower edge of a page."""

    text: str
    place: tuple[float, float]
    """Where it stands, in the units of its format: from the edge of the page, and from the left."""


class _Mark:
    """An edge as it is compared: with numbers alike, so that page 7 looks like page 8."""

    def __init__(self, edge: Edge) -> None:
        self.key = SPACES.sub(" ", DIGITS.sub("#", edge.text)).strip().lower()
        self.height, self.left = edge.place
        self.is_number = NUMBER_ONLY.match(self.key) is not None
        found = DIGITS.search(edge.text) if self.is_number else None
        self.number = int(found[0][:9]) if found else None  # none of a Roman one

    def repeats(self, other: "_Mark", pages: int) -> bool:
        """Whether the other one is the same on a page that comes so many pages later."""
        if abs(other.height - self.height) > TOLERANCE:
            return False
        if self.is_number:
            both = self.number is not None and other.number is not None
            return other.is_number and (not both or other.number == (self.number or 0) + pages)
        return other.key == self.key and abs(other.left - self.left) <= SIDEWAYS


class Sheet(Generic[T]):
    """A page's content together with the lines that may be furniture."""

    def __init__(self, content: T, edges: Sequence[Edge]) -> None:
        self.content = content
        self.marks = [_Mark(edge) for edge in edges]


def without_furniture(sheets: Iterable[Sheet[T]]) -> Iterator[tuple[T, frozenset[int]]]:
    """Yield each content with the indexes of those of its edges that are furniture, a few pages behind the input."""
    window: list[Sheet[T]] = []
    at = 0
    for sheet in sheets:
        window.append(sheet)
        if len(window) - at > REACH:
            yield window[at].content, _furniture(window, at)
            at += 1
        if at > REACH:
            del window[0]
            at -= 1
    while at < len(window):
        yield window[at].content, _furniture(window, at)
        at += 1


def _furniture(window: Sequence[Sheet[T]], at: int) -> frozenset[int]:
    near = [(other - at, window[other].marks) for other in range(max(0, at - REACH), min(len(window), at + REACH + 1))]
    near = [(pages, marks) for pages, marks in near if pages]
    enough = ENOUGH if len(near) > REACH else 1
    found: set[int] = set()
    numbered: set[int] = set()
    for index, mark in enumerate(window[at].marks):
        if not mark.is_number and LETTER.search(mark.key) is None:
            continue  # a row of figures
        repeats = sum(any(mark.repeats(other, pages) for other in marks) for pages, marks in near)
        if repeats >= (1 if mark.is_number else enough):
            found.add(index)
            if mark.is_number:
                numbered.add(round(mark.height))
    beside = {index for index, mark in enumerate(window[at].marks) if round(mark.height) in numbered}
    return frozenset(found | beside)
