"""A table that has been read and understood."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from prediction.datasets.inference import TypedColumn, infer
from prediction.datasets.profile import DatasetProfile
from prediction.datasets.reading import RawTable, ReadLimits, read_table


@dataclass(frozen=True, slots=True)
class Table:
    """Typed columns in the order of the file, and the profile that describes them."""

    columns: dict[str, TypedColumn]
    profile: DatasetProfile


def load_table(path: Path, limits: ReadLimits) -> Table:
    """Read a file and find out what its columns hold. Raises `DatasetRefused`."""
    raw = read_table(path, limits)
    typed = {
        name: infer(name, raw.table.column(name), comma_separated=raw.comma_separated)
        for name in raw.table.column_names
    }
    return Table(typed, _profile(raw, typed))


def _profile(raw: RawTable, typed: dict[str, TypedColumn]) -> DatasetProfile:
    dialect = raw.dialect
    duplicates = _duplicate_rows(raw)
    return DatasetProfile(
        format="csv" if dialect else "parquet",
        encoding=dialect.encoding if dialect else None,
        delimiter=dialect.delimiter if dialect else None,
        header=dialect.header if dialect else None,
        total_rows=raw.total_rows,
        complete=raw.complete,
        rows=raw.table.num_rows,
        sampled=raw.sampled,
        duplicate_rows=duplicates,
        columns=tuple(column.profile for column in typed.values()),
        notes=tuple(_notes(raw, duplicates)),
    )


def _notes(raw: RawTable, duplicates: int) -> list[str]:
    notes = []
    if raw.sampled:
        notes.append(f"{raw.table.num_rows} of {raw.total_rows} rows were drawn at random, because of the row limit")
    if raw.dialect and not raw.dialect.header:
        notes.append("the file has no header: columns are named column_1, column_2 ...")
    if duplicates:
        notes.append(f"{duplicates} rows are exact repetitions of others")
    return notes


def _duplicate_rows(raw: RawTable) -> int:
    """Count repeated rows by a 64-bit sum of the columns' value numbers; a false match is a one in 10^9 event."""
    random = np.random.default_rng(0)
    total = np.zeros(raw.table.num_rows, dtype=np.uint64)
    for column in raw.table.columns:
        if pa.types.is_nested(column.type):
            continue
        codes = column.combine_chunks().dictionary_encode(null_encoding="encode")
        weights = random.integers(0, 2**63, size=len(codes.dictionary), dtype=np.uint64)
        total += weights[codes.indices.to_numpy()]
    return len(total) - len(np.unique(total))
