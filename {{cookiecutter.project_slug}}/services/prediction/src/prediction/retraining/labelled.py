"""Labelled predictions as a table to train on: the features as callers sent them, and the truth as target."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Row, Select, select

from prediction.artifacts.columns import Value, epoch_seconds
from prediction.artifacts.schema import ClassKind, Feature, FeatureKind, ModelSchema, Task
from prediction.feedback.models import Label
from prediction.predictionlog.models import Prediction
from prediction.predictionlog.window import stream_pages
from prediction.retraining.repository import answered, labels_it
from servicekit.database import Database

_decode_rows = msgspec.json.Decoder(list[dict[str, float | int | str | bool | None]]).decode
LabelledRow: TypeAlias = Row[str, str, float | None]  # features, label, value

_MICROSECONDS = 1_000_000
_TYPES = {
    FeatureKind.NUMERIC: pa.float64(),
    FeatureKind.BOOLEAN: pa.bool_(),
    FeatureKind.CATEGORY: pa.string(),
    FeatureKind.DATETIME: pa.timestamp("us", tz="UTC"),
}
_CLASS_TYPES = {ClassKind.STRING: pa.string(), ClassKind.INTEGER: pa.int64(), ClassKind.BOOLEAN: pa.bool_()}


async def export_labelled(
    database: Database, tenant: str, model: str, schema: ModelSchema, path: Path, *, limit: int
) -> int:
    """Write a model's newest labelled predictions as Parquet, the oldest first, and return how many there are.

    Labels that cannot be the target's (they came before their prediction was known) are left out.
    """
    pages = []
    async for page in stream_pages(database, _newest(tenant, model, limit)):
        pages.append(_table(page, schema))
    table = pa.concat_tables(reversed(pages)) if pages else _schema(schema).empty_table()
    pq.write_table(table, path, compression="zstd")
    rows: int = table.num_rows
    return rows


def _newest(tenant: str, model: str, limit: int) -> Select[str, str, float | None]:
    return (
        select(Prediction.features, Label.label, Label.value)
        .join(Label, labels_it())
        .where(*answered(tenant, model))
        .order_by(Prediction.at.desc(), Prediction.id.desc())
        .limit(limit)
    )


def _table(page: Sequence[LabelledRow], schema: ModelSchema) -> pa.Table:
    usable = [row for row in reversed(page) if _is_usable(row, schema)]
    rows = _decode_rows(f"[{','.join(row.features for row in usable)}]")
    columns = [[_cell(feature, row.get(feature.name)) for row in rows] for feature in schema.features]
    columns.append([_truth(row, schema) for row in usable])
    return pa.table(columns, schema=_schema(schema))


def _is_usable(row: LabelledRow, schema: ModelSchema) -> bool:
    return row.value is not None if schema.task is Task.REGRESSION else row.label in schema.classes


def _cell(feature: Feature, value: Value) -> Value:
    if value is not None and feature.kind is FeatureKind.DATETIME:
        return round(epoch_seconds(value) * _MICROSECONDS)
    if value is not None and feature.kind is FeatureKind.NUMERIC:
        return float(value)  # type: ignore[arg-type]  # the request was checked against this schema
    return value


def _truth(row: LabelledRow, schema: ModelSchema) -> Value:
    if schema.task is Task.REGRESSION:
        return float(row.value)
    return schema.label(schema.classes.index(row.label))


def _schema(schema: ModelSchema) -> pa.Schema:
    target = pa.float64() if schema.task is Task.REGRESSION else _CLASS_TYPES[schema.class_kind]
    features = [(feature.name, _TYPES[feature.kind]) for feature in schema.features]
    return pa.schema([*features, (schema.target, target)])
