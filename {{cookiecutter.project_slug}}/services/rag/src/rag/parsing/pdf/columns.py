"""The columns of a page, and the order in which its parts are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.parsing.pdf.geometry import Rule, Segment
from rag.parsing.pdf.rows import Row, rows_of

LEAST_LINES = 4
WIDE = 0.6
"""Part of its column that a line of prose fills. Cells of tables mostly do not."""
PROSE = 0.45
"""Share of a column's lines that are wide."""
MIDDLE = (0.2, 0.8)
NARROWEST_GUTTER = 6.0
SLACK = 2.0
TABLE_RULES = 3
TABLE_ROWS = 3
RULES_APART = 140.0
MOST_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of a page that is read from top to bottom."""

    rows: list[Row]
    left: float
    right: float


def zones_of(segments: Sequence[Segment], rules: Sequence[Rule], depth: int = 1) -> list[Zone]:
    """Return the zones in reading order: what spans the columns divides them into bands."""
    if not segments:
        return []
    left, right = min(each.left for each in segments), max(each.right for each in segments)
    gutter = _gutter(segments, left, right) if depth < MOST_COLUMNS else None
    if gutter is None or not (_is_prose(_before(segments, gutter)) and _is_prose(_after(segments, gutter))):
        return [Zone(rows_of(segments), left, right)]
    spanning = _spanning(segments, rules, gutter)
    zones: list[Zone] = []
    ordered = sorted(segments, key=lambda each: each.baseline)
    for spans, band in groupby(ordered, key=lambda each: id(each) in spanning):
        part = list(band)
        if spans:
            zones.append(Zone(rows_of(part), left, right))
        else:
            zones += zones_of(_before(part, gutter), rules, depth + 1)
            zones += zones_of(_after(part, gutter), rules, depth + 1)
    return zones


def _before(segments: Sequence[Segment], gutter: float) -> list[Segment]:
    return [each for each in segments if each.right <= gutter + SLACK]


def _after(segments: Sequence[Segment], gutter: float) -> list[Segment]:
    return [each for each in segments if each.left >= gutter - SLACK and each.right > gutter + SLACK]


def _gutter(segments: Sequence[Segment], left: float, right: float) -> float | None:
    """Return the middle of the white stripe that the fewest segments cross."""
    inside = left + MIDDLE[0] * (right - left)
    if sum(1 for each in segments if each.left >= inside) < LEAST_LINES:
        return None
    width = int(right - left) + 2
    steps = [0] * (width + 1)
    for each in segments:
        steps[max(0, int(each.left - left))] += 1
        steps[min(width, int(each.right - left) + 1)] -= 1
    cover, covers = 0, []
    for step in steps:
        cover += step
        covers.append(cover)
    first, last = int(width * MIDDLE[0]), int(width * MIDDLE[1])
    if last - first < NARROWEST_GUTTER:
        return None
    least = min(covers[first:last])
    stripes = [list(run) for low, run in groupby(range(first, last), key=lambda at: covers[at] == least) if low]
    widest = max(stripes, key=len)
    return left + widest[len(widest) // 2] if len(widest) >= NARROWEST_GUTTER else None


def _is_prose(segments: Sequence[Segment]) -> bool:
    """Whether these segments are lines of a column, or of several columns."""
    if len(segments) < LEAST_LINES:
        return False
    left, right = min(each.left for each in segments), max(each.right for each in segments)
    wide = sum(each.width >= WIDE * (right - left) for each in segments)
    if wide >= PROSE * len(segments):
        return True
    gutter = _gutter(segments, left, right)
    return gutter is not None and all(
        len(side) >= LEAST_LINES and _mostly_wide(side)
        for side in (_before(segments, gutter), _after(segments, gutter))
    )


def _mostly_wide(segments: Sequence[Segment]) -> bool:
    width = max(each.right for each in segments) - min(each.left for each in segments)
    return sum(each.width >= WIDE * width for each in segments) >= PROSE * len(segments)


def _spanning(segments: Sequence[Segment], rules: Sequence[Rule], gutter: float) -> set[int]:
    """Return the identities of segments that belong to no column: headings over both, and tables over both."""
    crossing = {id(each) for each in segments if each.left < gutter - SLACK and each.right > gutter + SLACK}
    for top, bottom in [*_ruled(rules, gutter), *_tabular(segments, gutter)]:
        crossing |= {id(each) for each in segments if top <= each.baseline <= bottom}
    return crossing


def _ruled(rules: Sequence[Rule], gutter: float) -> list[tuple[float, float]]:
    """Return from where to where tables reach whose lines cross the gutter."""
    heights = sorted({rule.y for rule in rules if rule.left < gutter - 10 and rule.right > gutter + 10})
    found: list[list[float]] = []
    for y in heights:
        if found and y - found[-1][-1] <= RULES_APART:
            found[-1].append(y)
        else:
            found.append([y])
    return [(run[0], run[-1]) for run in found if len(run) >= TABLE_RULES]


def _tabular(segments: Sequence[Segment], gutter: float) -> list[tuple[float, float]]:
    """Return from where to where there are rows of short cells on both sides, which are tables without lines."""
    widths = [_span(_before(segments, gutter)), _span(_after(segments, gutter))]
    found: list[list[float]] = [[]]
    for row in rows_of(segments):
        sides = [_before(row, gutter), _after(row, gutter)]
        short = all(
            side and all(each.width < WIDE * width for each in side) for side, width in zip(sides, widths, strict=True)
        )
        if short and len(row) >= TABLE_ROWS:
            found[-1].append(row[0].baseline)
        elif found[-1]:
            found.append([])
    return [(run[0] - 1, run[-1] + 1) for run in found if len(run) >= TABLE_ROWS]


def _span(segments: Sequence[Segment]) -> float:
    return max(each.right for each in segments) - min(each.left for each in segments)
