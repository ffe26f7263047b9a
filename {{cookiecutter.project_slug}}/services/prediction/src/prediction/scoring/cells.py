"""Cells of a file to the values of a feature, a whole column at a time, with what is wrong told by row."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from prediction.artifacts.columns import Column, Floats, epoch_seconds
from prediction.artifacts.schema import Feature, FeatureKind
from prediction.datasets.values import PLAIN_NUMBER, parse_moments, parse_numbers, to_floats, without_missing_marks

Mask = NDArray[np.bool_]
_EXPECTED = {
    FeatureKind.NUMERIC: "a finite number",
    FeatureKind.BOOLEAN: "true or false",
    FeatureKind.CATEGORY: "a category that training saw",
    FeatureKind.DATETIME: "a date or time",
}


@dataclass(frozen=True, slots=True)
class FeatureCells:
    """One feature of some rows. Where `bad`, the value stands as missing."""

    feature: Feature
    values: Column
    bad: Mask
    cells: pa.Array

    def complaints(self) -> Iterator[tuple[int, str]]:
        """Yield the position and the fault of each bad cell."""
        for at in np.flatnonzero(self.bad).tolist():
            given = self.cells[at].as_py()
            fault = "is missing" if given is None else f"has {str(given)[:60]!r} instead of {self._expected()}"
            yield at, f"field {self.feature.name!r} {fault}"

    def _expected(self) -> str:
        return "a whole number" if self.feature.integer else _EXPECTED[self.feature.kind]


def read_cells(feature: Feature, cells: pa.Array, *, comma_separated: bool) -> FeatureCells:
    """Read a feature's column; `comma_separated` says whether a comma can be part of a number (see `parse_numbers`)."""
    if pa.types.is_string(cells.type):
        cells = without_missing_marks(cells)
    values, missing = _read(feature, cells, comma_separated=comma_separated)
    known: Mask = ~_flags(pc.is_null(cells, nan_is_null=True))
    bad = (known & missing) | (~known & (not feature.nullable))
    if feature.integer:
        bad |= known & ~missing & (values != np.floor(np.where(missing, 0, values)))
    if bad.any():
        values = values.copy()
        values[bad] = None if values.dtype == object else np.nan
    return FeatureCells(feature, values, bad, cells)


def _read(feature: Feature, cells: pa.Array, *, comma_separated: bool) -> tuple[Column, Mask]:
    """Return the values, and where there is none because there is no cell or it cannot be read."""
    if feature.kind is FeatureKind.CATEGORY:
        return _categories(feature, cells)
    if feature.kind is FeatureKind.NUMERIC:
        numbers = _numbers(cells, comma_separated=comma_separated)
    elif feature.kind is FeatureKind.BOOLEAN:
        numbers = _booleans(cells)
    else:
        numbers = _moments(cells)
    return numbers, np.isnan(numbers)


def _categories(feature: Feature, cells: pa.Array) -> tuple[Column, Mask]:
    text = cells if pa.types.is_string(cells.type) else cells.cast(pa.string())
    known = pc.is_in(text, value_set=pa.array(feature.categories, pa.string()))
    values = pc.if_else(known, text, pa.scalar(None, pa.string())).to_numpy(zero_copy_only=False)
    return values, ~_flags(known)


def _numbers(cells: pa.Array, *, comma_separated: bool) -> Floats:
    if pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type):
        numbers = to_floats(cells)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    if not pa.types.is_string(cells.type):
        return np.full(len(cells), np.nan)
    parsed = parse_numbers(cells, comma_separated=comma_separated)
    if parsed is not None:
        return np.where(np.isfinite(parsed.values), parsed.values, np.nan)
    plain = pc.match_substring_regex(cells, pattern=PLAIN_NUMBER)
    return to_floats(pc.if_else(plain, cells, pa.scalar(None, pa.string())).cast(pa.float64()))


def _booleans(cells: pa.Array) -> Floats:
    if pa.types.is_boolean(cells.type):
        return to_floats(cells.cast(pa.int8()))
    if not pa.types.is_string(cells.type):
        return np.full(len(cells), np.nan)
    lower = pc.utf8_lower(cells)
    return to_floats(pc.index_in(lower, value_set=pa.array(["false", "true"])))


def _moments(cells: pa.Array) -> Floats:
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        return to_floats(cells.cast(pa.timestamp("s"), safe=False).cast(pa.int64()))
    if not pa.types.is_string(cells.type):
        return np.full(len(cells), np.nan)
    parsed = parse_moments(cells)
    if parsed is not None:
        return parsed.values
    return np.array([_moment(text) for text in cells.to_pylist()], dtype=np.float64)


def _moment(text: str | None) -> float:
    try:
        return np.nan if text is None else epoch_seconds(text)
    except ValueError:
        return np.nan


def _flags(array: pa.Array) -> Mask:
    flags: Mask = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return flags
