"""The rows that a training held out, kept with the model so that later versions can be compared on them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from prediction.artifacts.columns import Column, Columns, column_of
from prediction.artifacts.schema import FeatureKind, ModelSchema, Task

HELD_OUT = "heldout.parquet"
TARGET = "__target__"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Features and true answers: class labels as text, or numbers."""

    columns: Columns
    target: Column


def save_held_out(folder: Path, held_out: HeldOut) -> Path:
    """Write the rows as Parquet."""
    arrays = {name: pa.array(column, from_pandas=True) for name, column in held_out.columns.items()}
    path = folder / HELD_OUT
    pq.write_table(pa.table(arrays | {TARGET: pa.array(held_out.target)}), path, compression="zstd")
    return path


def load_held_out(folder: Path, schema: ModelSchema) -> HeldOut:
    """Read what `save_held_out` wrote for a model of this schema."""
    table = pq.read_table(folder / HELD_OUT)
    columns = {feature.name: column_of(feature.kind, table[feature.name].to_pylist()) for feature in schema.features}
    kind = FeatureKind.NUMERIC if schema.task is Task.REGRESSION else FeatureKind.CATEGORY
    return HeldOut(columns, np.asarray(column_of(kind, table[TARGET].to_pylist())))
