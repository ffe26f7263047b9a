"""Scoring CSV and Parquet files: a batch of rows at a time, columns at once."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from prediction.artifacts.columns import Columns
from prediction.artifacts.schema import Feature
from prediction.artifacts.scorer import Scorer
from prediction.datasets.dialect import Dialect, detect, is_parquet
from prediction.datasets.errors import DatasetRefused
from prediction.datasets.reading import ReadLimits, WrongEncoding, csv_batches, next_encoding, parquet_batches
from prediction.scoring.answers import answer_schema, score
from prediction.scoring.cells import FeatureCells, read_cells
from prediction.scoring.faults import refuse
from prediction.scoring.schemas import OnError

MAX_COLUMNS = 10_000
Report = Callable[[int, float], None]  # rows done, and the share of the file


class TableWriter(Protocol):
    """Writes batches to a file."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


def score_table(scorer: Scorer, source: Path, target: Path, on_error: OnError, report: Report) -> tuple[int, int]:
    """Score a CSV or Parquet file into another; return the number of rows, and of those without a prediction.

    Raises:
        DatasetRefused: the file is no table, or lacks columns of the model.
        BadRows: rows do not fit the model, and were not to be skipped.
    """
    if is_parquet(source):
        batches = parquet_batches(source, ReadLimits(max_columns=MAX_COLUMNS))
        return _score(scorer, _Table(source, None), batches, target, on_error, report)
    dialect = detect(source)
    while True:
        try:
            table = _Table(source, dialect)
            return _score(scorer, table, csv_batches(source, dialect), target, on_error, report)
        except WrongEncoding:
            dialect = next_encoding(dialect)


class _Table:
    """The file that is read, and how the result is written."""

    def __init__(self, path: Path, dialect: Dialect | None) -> None:
        self.path = path
        self.dialect = dialect
        self.size = path.stat().st_size
        self.comma_separated = dialect is not None and dialect.delimiter == ","

    def writer(self, target: Path, schema: pa.Schema) -> TableWriter:
        """Open the result."""
        if self.dialect is None:
            parquet: TableWriter = pyarrow.parquet.ParquetWriter(target, schema)
            return parquet
        options = pyarrow.csv.WriteOptions(delimiter=self.dialect.delimiter, quoting_style="needed")
        text: TableWriter = pyarrow.csv.CSVWriter(target, schema, write_options=options)
        return text

    def place(self, row: int) -> str:
        """Name a row (from 0); in a CSV file also by the line it begins on."""
        if self.dialect is None:
            return f"row {row + 1}"
        with self.path.open(encoding=self.dialect.encoding, errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=self.dialect.delimiter)
            begins, line = 1, 0
            for _ in range(row + self.dialect.header + 1):
                while not next(reader):  # blank lines are no rows
                    begins = reader.line_num + 1
                line, begins = begins, reader.line_num + 1
        return f"line {line} (row {row + 1})"


def _score(
    scorer: Scorer, table: _Table, batches: Iterator[pa.RecordBatch], target: Path, on_error: OnError, report: Report
) -> tuple[int, int]:
    skip = on_error is OnError.SKIP
    added = answer_schema(scorer.schema, errors=skip)
    writer: TableWriter | None = None
    rows = skipped = read_bytes = 0
    try:
        for batch in batches:
            if writer is None:
                _check_columns(batch.schema.names, scorer, added)
                writer = table.writer(target, pa.schema([*batch.schema, *added]))
            features = [_cells(feature, batch, table) for feature in scorer.schema.features]
            faults = _faults(features)
            matrix = scorer.encoder.encode_columns(_columns(features))
            scored = score(scorer, matrix, faults, errors=skip)
            if not skip:
                refuse({rows + at: fault for at, fault in scored.faults.items()}, table.place)
            writer.write_batch(
                pa.RecordBatch.from_arrays([*batch.columns, *scored.answers], names=_names(batch, added))
            )
            rows, skipped, read_bytes = rows + batch.num_rows, skipped + len(scored.faults), read_bytes + batch.nbytes
            report(rows, read_bytes / (read_bytes + table.size))
    finally:
        if writer is not None:
            writer.close()
    if rows == 0:
        raise DatasetRefused("header_only", "The table has column names and no rows.", "Upload a file that has rows.")
    return rows, skipped


def _cells(feature: Feature, batch: pa.RecordBatch, table: _Table) -> FeatureCells:
    position = batch.schema.get_field_index(feature.name)
    column = batch.column(position) if position >= 0 else pa.nulls(batch.num_rows, pa.string())
    return read_cells(feature, column, comma_separated=table.comma_separated)


def _columns(features: Sequence[FeatureCells]) -> Columns:
    return {cells.feature.name: cells.values for cells in features}


def _faults(features: Sequence[FeatureCells]) -> dict[int, str]:
    faults: dict[int, str] = {}
    for cells in features:
        for at, fault in cells.complaints():
            faults[at] = f"{faults[at]}, {fault}" if at in faults else fault
    return faults


def _check_columns(names: Sequence[str], scorer: Scorer, added: pa.Schema) -> None:
    missing = [each.name for each in scorer.schema.features if not each.nullable and each.name not in names]
    if missing:
        raise DatasetRefused(
            "missing_columns",
            f"The file lacks columns that the model needs: {', '.join(missing[:20])}.",
            "GET /v1/models/{name}/schema shows what the model takes.",
        )
    taken = [name for name in added.names if name in names]
    if taken:
        raise DatasetRefused(
            "column_taken",
            f"The file has columns of the names that predictions get: {', '.join(taken[:20])}.",
            "Rename or drop them.",
        )


def _names(batch: pa.RecordBatch, added: pa.Schema) -> list[str]:
    return [*batch.schema.names, *added.names]
