"""Rows and columns to the model's input matrix.

The only code that knows how a feature becomes numbers. Training, serving, batch scoring and monitoring all use it, so
a value means the same everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prediction.artifacts.columns import Column, Columns, Value, epoch_seconds, row_count
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema

Matrix = NDArray[np.float32]
NUMBER_LIMIT = 1e30  # larger magnitudes would overflow in single precision; they are cut to this
SECONDS_PER_DAY = 86_400
DATETIME_PARTS = ("days", "month", "weekday", "hour")


class UnknownCategory(ValueError):
    """A value that training never saw in this feature."""

    def __init__(self, feature: str, value: str) -> None:
        super().__init__(f"{value!r} is not a category of {feature}")
        self.feature = feature
        self.value = value


class Encoder:
    """Writes values into a matrix of single-precision numbers in which NaN means missing.

    `names` has one entry per matrix column and `sources` the position of the feature each of them comes from.
    """

    def __init__(self, schema: ModelSchema) -> None:
        self.features = schema.features
        self.names = tuple(name for feature in schema.features for name in _matrix_names(feature))
        self.sources = tuple(at for at, feature in enumerate(schema.features) for _ in _matrix_names(feature))
        self.width = len(self.names)
        self._codes = {
            feature.name: {category: code for code, category in enumerate(feature.categories)}
            for feature in schema.features
            if feature.kind is FeatureKind.CATEGORY
        }
        self._writers = tuple(self._writer(feature) for feature in schema.features)
        self._plain = all(writer is _number for writer in self._writers)

    def encode(self, rows: Sequence[Sequence[Value]]) -> Matrix:
        """Encode rows whose values stand in the order of the schema's features (the hot path of serving).

        Raises `UnknownCategory` for a category that the schema does not list.
        """
        if self._plain:
            matrix = np.array(rows, dtype=np.float64).reshape(len(rows), self.width)
        else:
            writers = self._writers
            flat: list[Value] = []
            for row in rows:
                for write, value in zip(writers, row, strict=True):
                    write(value, flat)
            matrix = np.array(flat, dtype=np.float64).reshape(len(rows), self.width)
        return _single_precision(matrix)

    def encode_mappings(self, rows: Sequence[Mapping[str, Value]]) -> Matrix:
        """Encode rows given by feature name; a field that is left out is missing."""
        names = [feature.name for feature in self.features]
        return self.encode([[row.get(name) for name in names] for row in rows])

    def encode_columns(self, columns: Columns, *, strict: bool = True) -> Matrix:
        """Encode a table. Without `strict`, absent columns and unknown categories count as missing."""
        matrix = np.full((row_count(columns), self.width), np.nan, dtype=np.float64)
        position = 0
        for feature in self.features:
            if strict or feature.name in columns:
                parts = self._parts(feature, columns[feature.name], strict=strict)
                matrix[:, position : position + len(parts)] = np.column_stack(parts)
            position += len(_matrix_names(feature))
        return _single_precision(matrix)

    def _parts(self, feature: Feature, column: Column, *, strict: bool) -> Sequence[NDArray[Any]]:
        if feature.kind is FeatureKind.DATETIME:
            return datetime_parts(column)
        if feature.kind is FeatureKind.CATEGORY:
            return [_codes(feature, self._codes[feature.name], column, strict=strict)]
        return [column if column.dtype != object else np.full(len(column), np.nan)]

    def _writer(self, feature: Feature) -> Callable[[Value, list[Value]], None]:
        if feature.kind is FeatureKind.DATETIME:
            return _moment
        if feature.kind is not FeatureKind.CATEGORY:
            return _number
        codes: Mapping[Any, int] = self._codes[feature.name]

        def write_code(value: Value, into: list[Value]) -> None:
            if value is None:
                into.append(None)
                return
            try:
                into.append(codes[value])
            except KeyError:
                raise UnknownCategory(feature.name, str(value)) from None

        return write_code


def datetime_parts(seconds: Column) -> list[NDArray[Any]]:
    """Split epoch seconds into days since 1970-01-01, month, weekday (Monday 0) and hour, all in UTC."""
    days = np.floor(seconds / SECONDS_PER_DAY)
    known = ~np.isnan(days)
    month = np.full(len(days), np.nan)
    month[known] = days[known].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return [days, month, (days + 3) % 7, np.floor((seconds - days * SECONDS_PER_DAY) / 3600)]


def _matrix_names(feature: Feature) -> tuple[str, ...]:
    if feature.kind is FeatureKind.DATETIME:
        return tuple(f"{feature.name}.{part}" for part in DATETIME_PARTS)
    return (feature.name,)


def _number(value: Value, into: list[Value]) -> None:
    into.append(value)


def _moment(value: Value, into: list[Value]) -> None:
    seconds = np.nan if value is None else epoch_seconds(value)
    into.extend(float(part[0]) for part in datetime_parts(np.array([seconds])))


def _codes(feature: Feature, codes: dict[str, int], column: Column, *, strict: bool) -> NDArray[np.float64]:
    encoded = np.array([np.nan if value is None else codes.get(value, -1) for value in column], dtype=np.float64)
    unknown = encoded == -1
    if unknown.any():
        if strict:
            raise UnknownCategory(feature.name, str(column[int(np.argmax(unknown))]))
        encoded[unknown] = np.nan
    return encoded


def _single_precision(matrix: NDArray[np.float64]) -> Matrix:
    # Two plain ufuncs cost a single row less than half of what `np.clip` does; NaN passes through both.
    return np.minimum(np.maximum(matrix, -NUMBER_LIMIT), NUMBER_LIMIT).astype(np.float32)
