"""What the text of a cell means: missing, a number, a moment."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from prediction.artifacts.columns import Floats

MISSING_MARKS = ("", "na", "n/a", "#n/a", "nan", "null", "nil", "none", "?", "-", "--", ".")
PLAIN_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
DECIMAL_COMMA = r"^[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?$"
THOUSANDS = r"^[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?$"
INFINITE = r"(?i)^[+-]?inf(inity)?$"
# Day before month, as everywhere but in the USA, unless only the other reading fits.
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y%m%d",
    "%d %b %Y",
    "%b %d, %Y",
)
TIME_FORMATS = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M", " %I:%M %p")
ENOUGH = 0.95  # share of the known values that must fit before a column is read as numbers or moments
_PLAIN = re.compile(PLAIN_NUMBER)
_COMMA = re.compile(DECIMAL_COMMA)


@dataclass(frozen=True, slots=True)
class Parsed:
    """Values of a column that fits a type; what did not fit is NaN and listed in `strange`."""

    values: Floats
    strange: tuple[str, ...] = ()
    strange_count: int = 0
    notation: str = ""


def is_missing(cell: str) -> bool:
    """Return whether a cell says that there is no value."""
    return cell.strip().lower() in MISSING_MARKS


def is_number(cell: str) -> bool:
    """Return whether a cell is a number in any notation."""
    return bool(_PLAIN.match(cell.strip()) or _COMMA.match(cell.strip()))


def without_missing_marks(cells: pa.Array) -> pa.Array:
    """Return the cells without surrounding blanks; marks of missing values become null."""
    trimmed = pc.utf8_trim_whitespace(cells)
    marked = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(MISSING_MARKS))
    return pc.if_else(marked, pa.scalar(None, pa.string()), trimmed)


def parse_numbers(cells: pa.Array, *, comma_separated: bool = True) -> Parsed | None:
    """Read cells as numbers, or return None when fewer than 95 % of the known ones are numbers.

    `1,234` is ambiguous: in a comma-separated file the comma groups thousands, elsewhere it is a decimal comma.
    """
    infinite = _matches(cells, INFINITE)
    finite = pc.if_else(infinite, pa.scalar(None, pa.string()), cells)
    best: Parsed | None = None
    for notation, pattern in _notations(comma_separated=comma_separated):
        parsed = _read_numbers(finite, pattern, notation)
        if parsed.strange_count == 0:
            best = parsed
            break
        if best is None or parsed.strange_count < best.strange_count:
            best = parsed
    known = len(finite) - finite.null_count
    if best is None or known == 0 or best.strange_count > (1 - ENOUGH) * known:
        return None
    lost = int(pc.sum(infinite).as_py() or 0)
    return Parsed(best.values, best.strange + (("infinity",) if lost else ()), best.strange_count + lost, best.notation)


def parse_moments(cells: pa.Array) -> Parsed | None:
    """Read cells as dates or dates with times (UTC unless a zone is written), as epoch seconds."""
    known = len(cells) - cells.null_count
    if known == 0 or not _may_be_moments(cells):
        return None
    best: Parsed | None = None
    for seconds, notation in _moment_readings(cells):
        strange = pc.and_(pc.is_valid(cells), pc.is_null(seconds))
        parsed = _parsed(seconds, cells, strange, notation)
        if best is None or parsed.strange_count < best.strange_count:
            best = parsed
        if parsed.strange_count == 0:
            break
    return best if best is not None and best.strange_count <= (1 - ENOUGH) * known else None


def to_floats(values: pa.Array) -> Floats:
    """Return an array with NaN for null."""
    floats: NDArray[np.float64] = pc.fill_null(values.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    return floats


def _notations(*, comma_separated: bool) -> tuple[tuple[str, str], ...]:
    comma, thousands = ("decimal comma", DECIMAL_COMMA), ("thousands comma", THOUSANDS)
    return (("", PLAIN_NUMBER), *((thousands, comma) if comma_separated else (comma, thousands)))


def _read_numbers(cells: pa.Array, pattern: str, notation: str) -> Parsed:
    fits = _matches(cells, pattern)
    text = pc.if_else(fits, cells, pa.scalar(None, pa.string()))
    if notation == "decimal comma":
        text = pc.replace_substring(pc.replace_substring(text, ".", ""), ",", ".")
    elif notation:
        text = pc.replace_substring(text, ",", "")
    text = pc.replace_substring_regex(text, r"^\+", "")
    strange = pc.and_(pc.is_valid(cells), pc.invert(fits))
    return _parsed(text.cast(pa.float64()), cells, strange, notation)


def _parsed(values: pa.Array, cells: pa.Array, strange: pa.Array, notation: str) -> Parsed:
    count = int(pc.sum(strange).as_py() or 0)
    examples = pc.unique(cells.filter(strange)).slice(0, 3).to_pylist() if count else []
    return Parsed(to_floats(values), tuple(text[:40] for text in examples), count, notation)


def _may_be_moments(cells: pa.Array) -> bool:
    """Look at the first hundred values, because trying every format on a large column of words takes long."""
    known = cells.drop_null().slice(0, 100)
    looks = _matches(known, r"^[0-9A-Za-z][0-9A-Za-z ,:.+/TZ-]{5,34}$")
    digits = _matches(known, r"[0-9].*[0-9].*[0-9]")
    return int(pc.sum(pc.and_(looks, digits)).as_py() or 0) >= ENOUGH * len(known)


def _moment_readings(cells: pa.Array) -> "list[tuple[pa.Array, str]]":
    sample = cells.drop_null().slice(0, 100)
    readings = []
    if _matches(sample, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}").to_pylist().count(True) >= ENOUGH * len(sample):
        readings.append((_iso_seconds(cells), "ISO 8601"))
    for date in DATE_FORMATS:
        for time in TIME_FORMATS:
            pattern = date + time
            if _strptime(sample, pattern).null_count <= (1 - ENOUGH) * len(sample):
                readings.append((_strptime(cells, pattern), pattern))
    return readings


def _strptime(cells: pa.Array, pattern: str) -> pa.Array:
    moments = pc.strptime(cells, format=pattern, unit="s", error_is_null=True)
    return moments.cast(pa.int64()).cast(pa.float64())


def _iso_seconds(cells: pa.Array) -> pa.Array:
    """Read ISO 8601: a zone, if written, is taken off and counted; fractions of seconds are dropped."""
    text = pc.replace_substring_regex(cells, r"^(.{10})T", r"\1 ")
    text = pc.replace_substring_regex(text, r"\.[0-9]+", "")
    zone = pc.struct_field(pc.extract_regex(text, r"(?P<zone>[+-][0-9]{2}:?[0-9]{2})$"), "zone")
    local = pc.replace_substring_regex(
        pc.replace_substring_regex(text, r"(:[0-9]{2})[+-][0-9]{2}:?[0-9]{2}$", r"\1"), r"Z$", ""
    )
    seconds = pc.coalesce(*(_strptime(local, "%Y-%m-%d" + time) for time in (" %H:%M:%S", "", " %H:%M")))
    return pc.subtract(seconds, pc.fill_null(_zone_seconds(zone), 0.0))


def _zone_seconds(zone: pa.Array) -> pa.Array:
    digits = pc.replace_substring(zone, ":", "")
    sign = pc.if_else(pc.starts_with(digits, "-"), -1.0, 1.0)
    hours = pc.utf8_slice_codeunits(digits, 1, 3).cast(pa.float64())
    minutes = pc.utf8_slice_codeunits(digits, 3, 5).cast(pa.float64())
    return pc.multiply(sign, pc.add(pc.multiply(hours, 3600.0), pc.multiply(minutes, 60.0)))


def _matches(cells: pa.Array, pattern: str) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(cells, pattern=pattern), False)
