from collections.abc import Callable
from pathlib import Path

import pytest

from prediction.datasets.dialect import detect, detect_delimiter, detect_encoding, is_parquet
from prediction.datasets.errors import DatasetRefused
from prediction.datasets.reading import ReadLimits, read_table

Write = Callable[..., Path]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_finds_the_delimiter(write: Write, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["a", "b", "c"], ["1", "2", "x"], ["3", "4", "y"]))
    found = detect(write(text))
    assert (found.delimiter, found.names) == (delimiter, ("a", "b", "c"))


def test_prefers_the_semicolon_when_every_number_has_a_decimal_comma() -> None:
    assert detect_delimiter("1,5;2,5;3,5\n1,6;2,6;3,6\n") == ";"


def test_a_single_column_has_no_delimiter_to_find(write: Write) -> None:
    assert detect(write("age\n1\n2\n")).names == ("age",)


def test_quoted_delimiters_and_line_breaks_do_not_count(write: Write) -> None:
    found = detect(write('name,note\nx,"a;b;c;d\ne;f;g;h"\ny,"1;2;3;4"\n'))
    assert (found.delimiter, found.names) == (",", ("name", "note"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_reads_names_in_any_usual_encoding(write: Write, encoding: str) -> None:
    found = detect(write("größe,straße\n1,Köln\n2,Zürich\n" * 3, encoding))
    assert found.names == ("größe", "straße")


def test_bytes_that_windows_does_not_know_are_read_as_latin_1() -> None:
    assert detect_encoding(b"caf\xe9 \x81 na\xefve\n" * 20) == "latin-1"


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 20,
        b"\x00\x01\x02\x03" * 500,
        b"\x89PNG\r\n\x1a\n" + bytes(range(200)) * 5,
        b"abc\x01\x02" * 99,
    ],
)
def test_refuses_what_is_not_text(content: bytes) -> None:
    with pytest.raises(DatasetRefused) as refusal:
        detect_encoding(content)
    assert refusal.value.code == "not_a_table"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("age,city\n30,Rome\n40,Oslo\n", True),
        ("30,Rome\n40,Oslo\n30,Rome\n", False),
        ("p,x\ne,s\np,s\ne,x\n", False),
        ("kind,shape\ne,s\np,s\ne,x\n", True),
        ("0,1,2\n5.5,1.5,a\n6.5,2.5,b\n", True),
        ("1.5,2.5\n3.5,4.5\n", False),
        (",value\n0,3\n1,4\n", True),
        ("a,empty\n1,\n2,\n", True),
        ("1,2019\n2,\n3,\n", False),
    ],
)
def test_finds_out_whether_there_is_a_header(write: Write, text: str, header: bool) -> None:
    assert detect(write(text)).header is header


def test_names_columns_that_have_no_name(write: Write) -> None:
    assert detect(write(",value\n0,3\n1,4\n")).names == ("column_1", "value")
    assert detect(write("1.5,2.5\n3.5,4.5\n")).names == ("column_1", "column_2")


@pytest.mark.parametrize("content", ["", "\n\n \n", ";;;\n"])
def test_refuses_a_file_without_values(write: Write, content: str) -> None:
    with pytest.raises(DatasetRefused) as refusal:
        read_table(write(content), ReadLimits())
    assert refusal.value.code == "empty_file"


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08", b"PK\x03\x04", b"BZh9", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"])
def test_refuses_compressed_files_without_unpacking(write: Write, magic: bytes) -> None:
    with pytest.raises(DatasetRefused) as refusal:
        is_parquet(write(magic + b"rest"))
    assert refusal.value.code == "compressed_file"


def test_refuses_a_quotation_mark_that_is_never_closed(write: Write) -> None:
    with pytest.raises(DatasetRefused) as refusal:
        detect(write('a,b\n1,"' + "x" * 200_000))
    assert refusal.value.code == "value_too_long"
