import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prediction.datasets.errors import DatasetRefused
from prediction.datasets.reading import ReadLimits, read_table

Write = Callable[..., Path]


def refusal_of(path: Path, limits: ReadLimits | None = None) -> DatasetRefused:
    with pytest.raises(DatasetRefused) as refusal:
        read_table(path, limits or ReadLimits())
    assert refusal.value.hint
    return refusal.value


def test_reads_quoted_line_breaks_and_delimiters(write: Write) -> None:
    table = read_table(write('a,b\n"1\n2","x,y"\n3,z\n'), ReadLimits()).table
    assert table.to_pydict() == {"a": ["1\n2", "3"], "b": ["x,y", "z"]}


def test_reads_a_table_without_a_header(write: Write) -> None:
    table = read_table(write("1.5,x\n2.5,y\n3.5,x\n"), ReadLimits()).table
    assert table.to_pydict() == {"column_1": ["1.5", "2.5", "3.5"], "column_2": ["x", "y", "x"]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_reads_other_encodings(write: Write, encoding: str) -> None:
    table = read_table(write("ort;wert\nKöln;1\nZürich;2\n" * 2, encoding), ReadLimits()).table
    assert table.column_names == ["ort", "wert"]
    assert table["ort"].to_pylist()[:2] == ["Köln", "Zürich"]


def test_an_umlaut_after_the_first_megabyte_changes_the_encoding(write: Write) -> None:
    found = read_table(write(b"a,b\n" + b"1,x\n" * 400_000 + "2,Köln\n".encode("cp1252")), ReadLimits(max_rows=10**6))
    assert found.table["b"].to_pylist()[-1] == "Köln"
    assert found.dialect is not None
    assert found.dialect.encoding == "cp1252"


def test_broken_utf16_is_refused(write: Write) -> None:
    assert refusal_of(write("a,b\n1,2\n3,4\n".encode("utf-16") + b"\x00\xd8\x00\xd8")).code == "bad_encoding"


def test_a_ragged_row_is_named_by_its_line(write: Write) -> None:
    refusal = refusal_of(write('a,b\n1,"x\ny"\n1,2\n3,4,5\n'))
    assert refusal.code == "ragged_rows"
    assert refusal.detail == "Line 5 has 3 values where 2 are expected."


def test_a_ragged_row_after_many_blocks_is_found(write: Write) -> None:
    refusal = refusal_of(write("a,b\n" + "1,2\n" * 700_000 + "1\n"))
    assert refusal.detail.startswith("Line 700002 has 1 values")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("a,b,c\n", "header_only"),
        ("a,b,a\n1,2,3\n", "duplicate_columns"),
        (",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n", "too_many_columns"),
        (b"PAR1 not really", "not_a_table"),
    ],
)
def test_refuses_what_cannot_be_trained_on(write: Write, content: str | bytes, code: str) -> None:
    assert refusal_of(write(content)).code == code


def test_refuses_a_row_longer_than_a_block(write: Write) -> None:
    assert refusal_of(write("a,b\n" + "1,2\n" * 300_000 + "x" * 5_000_000 + ",2\n")).code == "value_too_long"


def test_column_limit_is_a_setting(write: Write) -> None:
    path = write("a,b,c\n1,2,3\n")
    assert refusal_of(path, ReadLimits(max_columns=2)).detail == "The table has 3 columns; the limit is 2."
    assert read_table(path, ReadLimits(max_columns=3)).table.num_columns == 3


def test_samples_down_to_the_limits(write: Write) -> None:
    path = write("a,b\n" + "".join(f"{i},x\n" for i in range(5_000)))
    by_rows = read_table(path, ReadLimits(max_rows=100))
    assert (by_rows.table.num_rows, by_rows.total_rows, by_rows.sampled) == (100, 5_000, True)
    by_cells = read_table(path, ReadLimits(max_cells=1_000))
    assert by_cells.table.num_rows == 500


def test_can_stop_after_the_beginning(write: Write) -> None:
    path = write("a,b\n" + "1,xxxxxxxxxx\n" * 500_000)
    head = read_table(path, ReadLimits(stop_after_rows=1_000, max_rows=1_000))
    assert not head.complete
    assert head.total_rows < 500_000
    assert read_table(path, ReadLimits()).complete


def test_parquet_keeps_types_and_loses_dictionaries(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    columns = {
        "word": pa.array(["x", "y"]).dictionary_encode(),
        "large": pa.array(["x", "y"], pa.large_string()),
        "price": pa.array([Decimal("1.50"), Decimal("2.25")]),
        "count": pa.array([1, 2]),
    }
    pq.write_table(pa.table(columns), path)
    table = read_table(path, ReadLimits()).table
    assert [str(kind) for kind in table.schema.types] == ["string", "string", "double", "int64"]


def test_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    assert refusal_of(path).code == "header_only"


PROGRAM = """
import resource, sys
from pathlib import Path
from prediction.datasets.reading import ReadLimits, read_table
read_table(Path(sys.argv[2]), ReadLimits())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = read_table(Path(sys.argv[1]), ReadLimits(max_rows=20_000))
assert found.table.num_rows == 20_000 and found.sampled
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, found.total_rows)
"""


def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text("a,b\n1,2\n")
    block = "".join(f"{i},{i * 0.5},some words that take room {i}\n" for i in range(100_000))
    with large.open("w") as file:
        file.write("a,b,c\n")
        for _ in range(60):
            file.write(block)
    assert large.stat().st_size > 250_000_000
    command = [sys.executable, "-c", PROGRAM, str(large), str(small)]
    growth, rows = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert rows == 6_000_000
    assert growth < 120_000  # KiB
