"""How a text file writes a table: encoding, delimiter and header, found out from its beginning."""

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from charset_normalizer import from_bytes

from prediction.datasets.errors import DatasetRefused
from prediction.datasets.values import is_missing, is_number

HEAD_BYTES = 1024 * 1024
HEAD_RECORDS = 200
DELIMITERS = ("\t", ";", "|", ",")  # in the order of preference when several fit: a decimal comma looks like one
PARQUET_MAGIC = b"PAR1"
COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"7z\xbc\xaf": "7-zip",
}
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1f]")
LEGACY_ENCODINGS = ("cp1252", "latin-1")  # latin-1 gives a meaning to every byte, so it is the last resort


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the table is written, and its column names."""

    encoding: str
    delimiter: str
    header: bool
    names: tuple[str, ...]


def is_parquet(path: Path) -> bool:
    """Return whether a file claims to be Parquet; raises `DatasetRefused` for an empty or compressed file."""
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise DatasetRefused("empty_file", "The file is empty.", "Upload a CSV or Parquet file with a header and rows.")
    for magic, name in COMPRESSED.items():
        if head.startswith(magic):
            raise DatasetRefused(
                "compressed_file", f"The file is compressed ({name}).", "Unpack it and upload the table."
            )
    return head.startswith(PARQUET_MAGIC)


def detect(path: Path) -> Dialect:
    """Return how a text file writes its table. Raises `DatasetRefused`."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        complete = not file.read(1)
    encoding = detect_encoding(head)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head, final=complete)
    if not text.strip("\ufeff\r\n\t ;,|"):
        raise DatasetRefused("empty_file", "The file holds no values.", "Upload a table with a header and rows.")
    delimiter = detect_delimiter(text)
    records = _records(text, delimiter, complete=complete)
    header = has_header(records)
    return Dialect(encoding, delimiter, header, _names(records[0], header=header))


def detect_encoding(head: bytes) -> str:
    """Return the name of the text encoding. Raises `DatasetRefused` for what is not text."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        return _utf16_without_mark(head)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _legacy_encoding(head)
    _refuse_control_characters(text)
    return "utf-8"


def detect_delimiter(text: str) -> str:
    """Return the delimiter that cuts most records into the same number (above one) of values."""

    def fit(delimiter: str) -> float:
        widths = Counter(len(record) for record in _records(text, delimiter, complete=False))
        width, count = widths.most_common(1)[0]
        return count / widths.total() if width > 1 else 0.0

    best = max(DELIMITERS, key=fit)
    return best if fit(best) > 0 else ","


def has_header(records: list[list[str]]) -> bool:
    """Return whether the first record names the columns, by a vote of the columns.

    A column of numbers votes for a header when its first value is none; a column of words votes against one when its
    first value occurs again below. Distinct whole numbers in a row (0, 1, 2 ...) are names, too.
    """
    first, rest = records[0], records[1:]
    if len(first) > 2 and [cell.strip() for cell in first] in (_count_from(0, len(first)), _count_from(1, len(first))):
        return True
    votes = [_vote(cell, [row[at] for row in rest if at < len(row)]) for at, cell in enumerate(first)]
    return votes.count(True) >= votes.count(False)


def _count_from(start: int, length: int) -> list[str]:
    return [str(number) for number in range(start, start + length)]


def _vote(cell: str, below: list[str]) -> bool | None:
    known = [value for value in below if not is_missing(value)]
    if not known:
        return None if is_number(cell) else True
    if sum(map(is_number, known)) > len(known) / 2:
        return None if is_missing(cell) else not is_number(cell)
    if is_number(cell) or cell in known:
        return False
    return None


def _names(first: list[str], *, header: bool) -> tuple[str, ...]:
    if not header:
        return tuple(f"column_{number}" for number in range(1, len(first) + 1))
    return tuple(cell.strip().lstrip("\ufeff") or f"column_{number}" for number, cell in enumerate(first, 1))


def _records(text: str, delimiter: str, *, complete: bool) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        records = [record for record in islice(reader, HEAD_RECORDS + 1) if record]
    except csv.Error:  # a single value above csv's limit of 131,072 characters
        raise DatasetRefused(
            "value_too_long",
            "A value has more than 131,072 characters.",
            "Check for a quotation mark that is never closed.",
        ) from None
    cut = not complete and len(records) <= HEAD_RECORDS and len(records) > 1
    return records[:-1] if cut else records[:HEAD_RECORDS]


def _utf16_without_mark(head: bytes) -> str:
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    few, many = sorted((even, odd))
    if few > 0 or many < len(head[0:4096:2]) * 0.4:
        raise _not_text()
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    _refuse_control_characters(head.decode(encoding, errors="replace"))
    return encoding


def _legacy_encoding(head: bytes) -> str:
    _refuse_control_characters(head.decode("latin-1"))
    if from_bytes(head[:65536]).best() is None:
        raise _not_text()
    for encoding in LEGACY_ENCODINGS:
        try:
            head.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise AssertionError("latin-1 decodes every byte")


def _refuse_control_characters(text: str) -> None:
    if len(CONTROL_CHARACTERS.findall(text)) > len(text) / 100:
        raise _not_text()


def _not_text() -> DatasetRefused:
    return DatasetRefused("not_a_table", "The file is neither text nor Parquet.", "Export the table as CSV or Parquet.")
