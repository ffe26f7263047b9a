from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from prediction.datasets.reading import ReadLimits
from prediction.datasets.table import load_table

Write = Callable[..., Path]


def test_profile_describes_a_csv_file(write: Write) -> None:
    profile = load_table(write("a;b\n1,5;x\n2,5;y\n1,5;x\n"), ReadLimits()).profile
    assert (profile.format, profile.encoding, profile.delimiter, profile.header) == ("csv", "utf-8", ";", True)
    assert (profile.total_rows, profile.rows, profile.sampled, profile.complete) == (3, 3, False, True)
    assert profile.duplicate_rows == 1
    assert profile.notes == ("1 rows are exact repetitions of others",)


def test_profile_describes_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "data"
    pq.write_table(pa.table({"a": [1, 2, 2, None, None], "b": ["x", None, None, "y", "y"], "c": [[1]] * 5}), path)
    profile = load_table(path, ReadLimits()).profile
    assert (profile.format, profile.delimiter) == ("parquet", None)
    assert profile.duplicate_rows == 2


def test_sampling_and_a_missing_header_are_said(write: Write) -> None:
    path = write("".join(f"{i / 7:.3f},{i % 2}\n" for i in range(1_000)))
    notes = load_table(path, ReadLimits(max_rows=100)).profile.notes
    assert notes[0] == "100 of 1000 rows were drawn at random, because of the row limit"
    assert notes[1].startswith("the file has no header")
