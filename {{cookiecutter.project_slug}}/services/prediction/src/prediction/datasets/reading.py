"""Tables from files of any size, in bounded memory.

CSV cells stay text here; `inference` decides what the columns are. Parquet columns keep their types, except that text
inside dictionaries becomes plain text.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from prediction.datasets.dialect import LEGACY_ENCODINGS, Dialect, detect, is_parquet
from prediction.datasets.errors import DatasetRefused
from prediction.datasets.sampling import Reservoir

BLOCK_BYTES = 2 * 1024 * 1024
BATCH_ROWS = 8_192
LARGEST_ROW_GROUP_BYTES = 2 * 1024**3
LINES_TO_SEARCH = 2_000_000


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much of a table is read and kept."""

    max_rows: int = 200_000  # a larger table is sampled
    max_columns: int = 500
    max_cells: int = 20_000_000  # rows x columns that are kept
    max_bytes: int = 512 * 1024 * 1024  # of kept values
    stop_after_rows: int | None = None  # read only the beginning
    seed: int = 7

    def rows_for(self, columns: int) -> int:
        """Return how many rows of a table of this width are kept."""
        return max(1, min(self.max_rows, self.max_cells // max(columns, 1)))


@dataclass(frozen=True, slots=True)
class RawTable:
    """The rows that were kept, untyped, and what is known about the file."""

    table: pa.Table
    total_rows: int  # rows seen; all there are unless `complete` is false
    sampled: bool
    complete: bool
    dialect: Dialect | None  # None for Parquet

    @property
    def comma_separated(self) -> bool:
        """Whether a comma in a number cannot be a decimal comma for being the delimiter."""
        return self.dialect is not None and self.dialect.delimiter == ","


def read_table(path: Path, limits: ReadLimits) -> RawTable:
    """Read a CSV or Parquet file, sampling rows when there are more than the limit. Raises `DatasetRefused`."""
    if is_parquet(path):
        return _collect(parquet_batches(path, limits), limits, None)
    dialect = detect(path)
    _check_names(dialect.names, limits)
    while True:
        try:
            return _collect(csv_batches(path, dialect), limits, dialect)
        except WrongEncoding:
            dialect = next_encoding(dialect)


class WrongEncoding(Exception):
    """The beginning of the file was valid in the encoding and a later part is not."""


def _collect(batches: Iterator[pa.RecordBatch], limits: ReadLimits, dialect: Dialect | None) -> RawTable:
    reservoir: Reservoir | None = None
    complete = True
    for batch in batches:
        if reservoir is None:
            reservoir = Reservoir(limits.rows_for(batch.num_columns), limits.max_bytes, limits.seed)
        reservoir.add(batch)
        if limits.stop_after_rows is not None and reservoir.seen >= limits.stop_after_rows:
            complete = next(batches, None) is None
            break
    if reservoir is None or reservoir.seen == 0:
        raise DatasetRefused("header_only", "The table has column names and no rows.", "Upload a file that has rows.")
    table = reservoir.table()
    return RawTable(table, reservoir.seen, reservoir.sampled, complete, dialect)


def csv_batches(path: Path, dialect: Dialect) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a CSV file, every cell as text. Raises `DatasetRefused` and `WrongEncoding`."""
    read = pyarrow.csv.ReadOptions(
        block_size=BLOCK_BYTES,
        encoding="utf-8" if dialect.encoding == "utf-8-sig" else dialect.encoding,
        column_names=list(dialect.names),
        skip_rows_after_names=1 if dialect.header else 0,
    )
    parse = pyarrow.csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True)
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(dialect.names, pa.string()), strings_can_be_null=False
    )
    try:
        with pyarrow.csv.open_csv(path, read_options=read, parse_options=parse, convert_options=convert) as reader:
            yield from reader
    except UnicodeDecodeError as error:
        raise WrongEncoding from error
    except pa.ArrowInvalid as error:
        raise _csv_error(path, dialect, str(error)) from error


def _csv_error(path: Path, dialect: Dialect, message: str) -> Exception:
    if "UTF8" in message or "utf-8" in message.lower():
        return WrongEncoding()
    if "Expected" in message and "columns" in message:
        return _ragged(path, dialect, message)
    if "straddling" in message:
        return DatasetRefused(
            "value_too_long", "A row is longer than 2 MiB.", "Check for a quotation mark that is never closed."
        )
    if "Empty CSV" in message:
        return DatasetRefused("header_only", "The table has column names and no rows.", "Upload a file that has rows.")
    return DatasetRefused(
        "not_a_table", f"The file cannot be read as a table: {message[:200]}", "Export it as CSV again."
    )


def _ragged(path: Path, dialect: Dialect, message: str) -> DatasetRefused:
    found = re.search(r"Expected (\d+) columns, got (\d+)", message)
    counts = f"{found[2]} values where {found[1]} are expected" if found else "another number of values than the others"
    line = _line_of_first_ragged(path, dialect)
    where = f"Line {line}" if line else f"A line after line {LINES_TO_SEARCH}"
    return DatasetRefused(
        "ragged_rows",
        f"{where} has {counts}.",
        "Quote values that contain the delimiter, and give every row all columns.",
    )


def _line_of_first_ragged(path: Path, dialect: Dialect) -> int | None:
    """Read the file again, slowly, to tell the line, which Arrow does not know when values contain line breaks."""
    width, start = len(dialect.names), 1
    with path.open(encoding=dialect.encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        for record in islice(reader, LINES_TO_SEARCH):
            if record and len(record) != width:
                return start
            start = reader.line_num + 1
    return None


def next_encoding(dialect: Dialect) -> Dialect:
    """Return the dialect with the encoding to try after this one. Raises `DatasetRefused` when there is none."""
    tried = LEGACY_ENCODINGS.index(dialect.encoding) + 1 if dialect.encoding in LEGACY_ENCODINGS else 0
    if dialect.encoding.startswith("utf-16") or tried >= len(LEGACY_ENCODINGS):
        raise DatasetRefused("bad_encoding", f"The file is not valid {dialect.encoding} text.", "Save it as UTF-8.")
    return Dialect(LEGACY_ENCODINGS[tried], dialect.delimiter, dialect.header, dialect.names)


def parquet_batches(path: Path, limits: ReadLimits) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file. Raises `DatasetRefused`."""
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_names(tuple(file.schema_arrow.names), limits)
            _check_row_groups(file.metadata)
            schema = pa.schema([(field.name, _plain_type(field.type)) for field in file.schema_arrow])
            for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                yield batch.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise DatasetRefused(
            "not_a_table", f"The Parquet file cannot be read: {str(error)[:200]}", "Write the file again."
        ) from error


def _check_row_groups(metadata: pyarrow.parquet.FileMetaData) -> None:
    largest = max((metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups)), default=0)
    if largest > LARGEST_ROW_GROUP_BYTES:
        raise DatasetRefused(
            "too_large",
            f"A row group unpacks to {largest} bytes.",
            "Write row groups of at most 2 GiB, better 128 MiB.",
        )


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return pa.float64() if pa.types.is_decimal(kind) else kind


def _check_names(names: tuple[str, ...], limits: ReadLimits) -> None:
    if len(names) > limits.max_columns:
        raise DatasetRefused(
            "too_many_columns",
            f"The table has {len(names)} columns; the limit is {limits.max_columns}.",
            "Drop columns, or raise the setting TRAINING__MAX_COLUMNS.",
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DatasetRefused(
            "duplicate_columns",
            f"Several columns have the same name: {', '.join(repeated[:5])}.",
            "Give every column a name of its own.",
        )
