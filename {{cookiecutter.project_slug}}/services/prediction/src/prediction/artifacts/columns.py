"""Tables held as columns, the form in which data travels between training, scoring and monitoring."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prediction.artifacts.schema import Feature, FeatureKind

Value = float | int | bool | str | datetime | None
Floats = NDArray[np.float64]
Column = NDArray[
    Any
]  # float64 for numbers, booleans and datetimes (epoch seconds); object (str or None) for categories
Columns = dict[str, Column]


def epoch_seconds(value: datetime | str | float) -> float:
    """Return a moment as seconds since 1970-01-01 UTC; a datetime or ISO 8601 text without a zone is taken as UTC."""
    if isinstance(value, int | float):
        return float(value)
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def column_of(kind: FeatureKind, values: Sequence[Value]) -> Column:
    """Return the values of one feature as a column; `None` becomes NaN, or stays `None` in a category."""
    if kind is FeatureKind.CATEGORY:
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column
    if kind is FeatureKind.DATETIME:
        return np.array([np.nan if value is None else epoch_seconds(value) for value in values], dtype=np.float64)
    return np.array(values, dtype=np.float64)


def columns_of(features: Sequence[Feature], rows: Sequence[Mapping[str, Value]]) -> Columns:
    """Turn rows, as requests carry them, into columns; a field that is left out is missing."""
    return {feature.name: column_of(feature.kind, [row.get(feature.name) for row in rows]) for feature in features}


def missing(column: Column) -> NDArray[np.bool_]:
    """Return where a column has no value."""
    if column.dtype == object:
        return np.array([value is None for value in column], dtype=bool)
    return np.isnan(column)


def row_count(columns: Columns) -> int:
    """Return the number of rows of a table."""
    return next((len(column) for column in columns.values()), 0)


def take(columns: Columns, rows: NDArray[Any]) -> Columns:
    """Return the given rows (positions or a mask) of a table."""
    return {name: column[rows] for name, column in columns.items()}
