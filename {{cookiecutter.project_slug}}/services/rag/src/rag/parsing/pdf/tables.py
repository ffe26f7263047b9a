"""Tables: rows of cells that stand below each other, with or without lines between them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.parsing.flow import Compounds, glue
from rag.parsing.pdf.columns import Zone
from rag.parsing.pdf.geometry import Rule, Segment
from rag.parsing.pdf.rows import Row

FAR = 3.2
"""Font sizes between two rows of one table."""
ALIGNED = 0.7
WIDE = 0.7
CLOSE = 1.45
TIGHT = 0.8
"""Part of the usual distance between rows below which a line is the rest of the row above."""
LEADER = re.compile(r"\s*(?:\.\s?){4,}\s*")
"""The dots between a title and its page in a table of contents."""
PAGE_NUMBER = re.compile(r"(?:\d{1,4}|[ivxl]{1,6})$")
NUMBER = re.compile(r"[\s(+\-\u2013—$€£¥%]*\d[\d.,\s]*[)%]*[\w\s]{0,3}$|[\u2013—-]$|n/?a$", re.IGNORECASE)


def has_leader(text: str) -> bool:
    """Whether dots lead from a title to its page."""
    return "...." in text or ". . . ." in text


@dataclass(frozen=True, slots=True)
class Table:
    """A table on a page: its cells, row by row."""

    rows: list[list[str]]
    baseline: float
    columns: tuple[tuple[float, float], ...] = ()
    """From where to where each column reaches."""

    @property
    def contents(self) -> bool:
        """Whether it is a table of contents."""
        if len(self.rows) < 3 or len(self.rows[0]) != 2:
            return False
        return sum(PAGE_NUMBER.match(row[-1]) is not None and bool(row[0]) for row in self.rows) >= 0.8 * len(
            self.rows
        ) and all(not NUMBER.match(row[0]) for row in self.rows)

    def after(self, before: "Table") -> "Table":
        """Return the table as the next page's part of the one before, whose header it lacks; else as it is."""
        header = before.rows[0]
        if self.rows[0] == header or not self._continues(before) or _is_header(self.rows):
            return self
        return replace(self, rows=[header, *self.rows])

    def rows_after(self, items: Sequence["Row | Table"], compounds: Compounds) -> "Table | None":
        """Return the rows that begin the next page, too few to be a table by themselves, as one with this header.

        A row is one of this table when each of its cells stands alone in a column, and as the column's cells do: at its
        left or right edge, or in its middle.
        """
        found: list[list[str]] = []
        baseline = 0.0
        for item in () if self.contents else items:
            if isinstance(item, Table) or (found and item[0].baseline - baseline > FAR * item[0].size):
                break
            placed = [(_column(cell, self.columns), cell) for cell in item]
            alone = len({column for column, _ in placed}) == len(item) > 1
            if not alone or not all(_stands_in(cell, self.columns[column]) for column, cell in placed):
                break
            found.append(_texts([placed], len(self.columns), compounds))
            baseline = item[0].baseline
        return Table([self.rows[0], *found], baseline, self.columns) if found else None

    def _continues(self, before: "Table") -> bool:
        pairs = list(zip(self.columns, before.columns, strict=False))
        same = len(self.columns) == len(before.columns) > 1
        return same and all(
            left < other_right and other_left < right for (left, right), (other_left, other_right) in pairs
        )


def _stands_in(cell: Segment, column: tuple[float, float]) -> bool:
    left, right = column
    middle = abs((cell.left + cell.right) - (left + right)) / 2
    return min(abs(cell.left - left), abs(cell.right - right), middle) <= ALIGNED * cell.size


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a column has words in the first row and numbers below."""
    return any(
        top and not NUMBER.match(top) and any(below) and all(NUMBER.match(cell) for cell in below if cell)
        for top, *below in zip(*rows, strict=True)
    )


def divide(zone: Zone, rules: Sequence[Rule], compounds: Compounds) -> Iterator[Row | Table]:
    """Yield the rows of a zone, with those that form a table as one."""
    at = 0
    while at < len(zone.rows):
        end = _run(zone, at)
        table = _table(zone.rows[at:end], rules, compounds) if end - at >= 2 else None
        if table is None:
            yield zone.rows[at]
            at += 1
        else:
            yield table
            at = end


def _run(zone: Zone, first: int) -> int:
    """Return the index after the last row that may belong to a table that begins here."""
    rows = zone.rows
    if len(rows[first]) < 2:
        return first
    last = first
    for at in range(first + 1, len(rows)):
        row, size = rows[at], rows[at][0].size
        if row[0].baseline - rows[at - 1][0].baseline > FAR * size:
            break
        if len(row) >= 2:
            last = at
        elif row[0].width > WIDE * (zone.right - zone.left) or at - last > 3:
            break
    # what follows directly below the last row and starts in one of its later columns is the rest of a cell
    pace = _pace(rows[first : last + 1])
    while last + 1 < len(rows) and _is_rest(rows[last], rows[last + 1], pace):
        last += 1
    return last + 1


def _pace(rows: Sequence[Row]) -> float:
    """Return the usual distance between rows of several cells, or 0 when there is one alone."""
    heights = [row[0].baseline for row in rows if len(row) >= 2]
    gaps = sorted(below - above for above, below in pairwise(heights))
    return gaps[len(gaps) // 2] if gaps else 0.0


def _is_rest(row: Row, after: Row, pace: float) -> bool:
    gap = after[0].baseline - row[0].baseline
    if len(after) > 1 or gap > CLOSE * row[0].size:
        return False
    cells = row if gap < TIGHT * pace else row[1:]
    return any(abs(after[0].left - cell.left) < 2 for cell in cells)


def _table(rows: Sequence[Row], rules: Sequence[Rule], compounds: Compounds) -> Table | None:
    columns = _columns(rows)
    top, bottom = rows[0][0].baseline - 2 * rows[0][0].size, rows[-1][0].baseline + 2 * rows[-1][0].size
    lines = sorted({round(rule.y) for rule in rules if top <= rule.y <= bottom})
    several = [row for row in rows if len(row) >= 2]
    enough = len(several) >= 3 or (len(several) == 2 and (len(columns) >= 3 or len(lines) >= 2))
    if len(columns) < 2 or not enough or not _aligned(several, columns):
        return None
    placed = [[(_column(cell, columns), cell) for cell in row] for row in rows]
    cells = [_texts(group, len(columns), compounds) for group in _grouped(placed, lines)]
    cells = [[LEADER.sub("", text).strip() for text in row] for row in cells]
    return Table([row for row in cells if any(row)], rows[0][0].baseline, tuple(columns))


def _columns(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Return from where to where each column reaches, by the rows that have the usual number of cells, or more."""
    counts = Counter(len(row) for row in rows if len(row) >= 2)
    usual = max(counts, key=lambda count: (counts[count], count))
    found: list[tuple[float, float]] = []
    spans = sorted((cell.left, cell.right) for row in rows if len(row) >= usual for cell in row)
    for left, right in spans:
        if found and left < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def _column(cell: Segment, columns: Sequence[tuple[float, float]]) -> int:
    def fit(at: int) -> tuple[float, float]:
        left, right = columns[at]
        return min(cell.right, right) - max(cell.left, left), -abs(cell.left - left)

    return max(range(len(columns)), key=fit)


def _aligned(rows: Sequence[Row], columns: Sequence[tuple[float, float]]) -> bool:
    distinct = sum(len({_column(cell, columns) for cell in row}) == len(row) for row in rows)
    return distinct >= ALIGNED * len(rows)


Placed = list[tuple[int, Segment]]


def _grouped(rows: Sequence[Placed], lines: Sequence[float]) -> Iterator[list[Placed]]:
    """Divide lines of text into the rows of the table, whose cells may have several lines."""
    beginning = sum(row[0][0] == 0 for row in rows)
    ruled = len(lines) - 1 >= 0.5 * max(1, beginning) and len(lines) > 2
    group: list[Placed] = []
    pace = _pace([[cell for _, cell in row] for row in rows])
    for row in rows:
        if group and not (_between(group[-1], row, lines) if ruled else _goes_on(group, row, pace)):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _between(before: Placed, row: Placed, lines: Sequence[float]) -> bool:
    """Whether no line is drawn between two lines of text."""
    upper, lower = before[0][1].baseline, row[0][1].baseline
    return not any(upper - 1 < y < lower - 0.3 * row[0][1].size for y in lines)


def _goes_on(group: list[Placed], row: Placed, pace: float) -> bool:
    """Whether a line continues the row above: it stands closer to it than other rows, or has no first cell."""
    first, cell = row[0]
    gap = cell.baseline - group[-1][0][1].baseline
    if len(row) == 1 and gap < TIGHT * pace:
        return True
    close = gap <= CLOSE * cell.size
    known = {column for line in group for column, _ in line}
    words = any(not NUMBER.match(each.text) for _, each in row)
    return first > 0 and close and words and {column for column, _ in row} <= known


def _texts(group: Sequence[Placed], width: int, compounds: Compounds) -> list[str]:
    texts = [""] * width
    for line in group:
        for column, cell in line:
            before, gap = glue(texts[column], cell.text, compounds) if texts[column] else ("", "")
            texts[column] = f"{before}{gap}{cell.text}"
    return texts
