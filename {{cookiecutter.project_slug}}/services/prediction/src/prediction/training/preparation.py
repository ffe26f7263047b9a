"""From a table to a matrix: which columns become features, which are left out, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from prediction.artifacts.columns import Column, Columns, missing
from prediction.artifacts.encoder import Encoder, Matrix
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Scalar
from prediction.datasets.inference import TypedColumn
from prediction.datasets.table import Table
from prediction.training.errors import TrainingRefused
from prediction.training.leaks import leaking_features
from prediction.training.options import TrainingOptions
from prediction.training.target import Target, read_target


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows that have a target, ready to be split. Ordered by time when the options say so."""

    schema: ModelSchema
    encoder: Encoder
    columns: Columns
    matrix: Matrix
    target: Target
    dropped: Mapping[str, str]  # column -> why it is no feature
    leaking: tuple[str, ...]  # found to leak, whether dropped or kept
    notes: tuple[str, ...]


def prepare(table: Table, target_name: str, options: TrainingOptions) -> Prepared:
    """Choose features and encode them. Raises `TrainingRefused`."""
    target = read_target(table, target_name, options.task)
    dropped = _dropped(table, target_name, options)
    chosen = [name for name in table.columns if name != target_name and name not in dropped]
    _require_features(chosen, dropped)
    order = _order(table, target, options)
    target = _reorder(target, order)
    columns = {name: _values(table.columns[name])[order] for name in chosen}
    schema, encoder, matrix = _encode(table, columns, target)
    leaking = tuple(leaking_features(encoder, matrix, target, options.seed))
    if leaking and not options.keep_leaking:
        reason = "predicts the target almost perfectly on its own, so it probably is not known beforehand"
        dropped |= dict.fromkeys(leaking, reason)
        columns = {name: column for name, column in columns.items() if name not in leaking}
        _require_features(list(columns), dropped)
        schema, encoder, matrix = _encode(table, columns, target)
    return Prepared(schema, encoder, columns, matrix, target, dropped, leaking, _notes(table, target, leaking, options))


def _dropped(table: Table, target: str, options: TrainingOptions) -> dict[str, str]:
    unknown = sorted({*options.exclude, *([options.time_column] if options.time_column else [])} - set(table.columns))
    if unknown:
        raise TrainingRefused(
            "column_missing",
            f"There is no column {unknown[0]!r}.",
            f"The columns are: {', '.join(list(table.columns)[:10])}.",
        )
    dropped = {}
    for name, column in table.columns.items():
        if name == target:
            continue
        if name == options.time_column:
            dropped[name] = "gives the order of the rows; a model could not know its future values"
        elif name in options.exclude:
            dropped[name] = "excluded by the caller"
        elif not column.profile.content.usable:
            dropped[name] = f"{column.profile.content}: {column.profile.reason}"
    return dropped


def _require_features(chosen: list[str], dropped: Mapping[str, str]) -> None:
    if not chosen:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(dropped.items())[:5]) or "there is one column"
        raise TrainingRefused(
            "no_features",
            f"No column is left to predict from ({reasons}).",
            "Add columns; keep_leaking uses columns that seem to give the answer away.",
        )


def _order(table: Table, target: Target, options: TrainingOptions) -> Column:
    rows = np.flatnonzero(target.known)
    if options.time_column is None:
        return rows
    column = table.columns[options.time_column]
    if column.values is None:
        raise TrainingRefused(
            "time_column_unusable",
            f"Rows cannot be ordered by {options.time_column!r}: {column.profile.reason}.",
            "Choose a column of dates or numbers.",
        )
    values = column.values[rows]
    if missing(values).any():
        raise TrainingRefused(
            "time_column_unusable",
            f"{options.time_column!r} has no value in {int(missing(values).sum())} rows.",
            "Fill the column, or remove these rows.",
        )
    return rows[np.argsort(values, kind="stable")]


def _reorder(target: Target, order: Column) -> Target:
    position = np.cumsum(target.known) - 1
    return replace(target, values=target.values[position[order]])


def _encode(table: Table, columns: Columns, target: Target) -> tuple[ModelSchema, Encoder, Matrix]:
    features = tuple(_feature(name, table.columns[name], column) for name, column in columns.items())
    schema = ModelSchema(
        task=target.task, target=target.name, features=features, classes=target.classes, class_kind=target.class_kind
    )
    encoder = Encoder(schema)
    return schema, encoder, encoder.encode_columns(columns)


def _feature(name: str, typed: TypedColumn, values: Column) -> Feature:
    kind = FeatureKind(typed.profile.content.value)
    absent = missing(values)
    known = values[~absent]
    categories = tuple(sorted(set(known))) if kind is FeatureKind.CATEGORY else ()
    ranged = kind is FeatureKind.NUMERIC and len(known) > 0
    return Feature(
        name=name,
        kind=kind,
        integer=kind is FeatureKind.NUMERIC and typed.integer,
        nullable=bool(absent.any()),
        categories=categories,
        minimum=float(known.min()) if ranged else None,
        maximum=float(known.max()) if ranged else None,
        typical=_typical(kind, known, integer=typed.integer),
    )


def _typical(kind: FeatureKind, known: Column, *, integer: bool) -> Scalar | None:
    if len(known) == 0:
        return None
    if kind is FeatureKind.CATEGORY:
        values, counts = np.unique(known.astype(str), return_counts=True)
        return str(values[np.argmax(counts)])
    middle = float(np.quantile(known, 0.5, method="lower"))
    if kind is FeatureKind.BOOLEAN:
        return bool(middle)
    if kind is FeatureKind.DATETIME:
        return datetime.fromtimestamp(middle, UTC).isoformat()
    return int(middle) if integer else middle


def _values(column: TypedColumn) -> Column:
    if column.values is None:
        raise AssertionError(f"{column.profile.name} was chosen as a feature and has no values")
    return column.values


def _notes(table: Table, target: Target, leaking: tuple[str, ...], options: TrainingOptions) -> tuple[str, ...]:
    notes = [*table.profile.notes, *filter(None, [target.note])]
    if unknown := int((~target.known).sum()):
        notes.append(f"{unknown} rows without a value of {target.name} were left out")
    if leaking and options.keep_leaking:
        notes.append(f"kept although they predict the target almost on their own: {', '.join(leaking)}")
    notes += [f"{column.name}: {note}" for column in table.profile.columns for note in column.notes]
    return tuple(notes)
