"""Scoring JSON Lines files: one object per line; blank lines are left out."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from prediction.artifacts.columns import Value, column_of
from prediction.artifacts.encoder import Matrix
from prediction.artifacts.scorer import Scorer
from prediction.datasets.errors import DatasetRefused
from prediction.scoring.answers import ERROR, answer_schema, score
from prediction.scoring.faults import refuse
from prediction.scoring.schemas import OnError
from prediction.serving.decoder import RowDecoder
from prediction.serving.validation import parse_json, row_errors
from servicekit.http.strict_json import MalformedJson

CHUNK_LINES = 8_192
LONGEST_LINE_BYTES = 1024 * 1024
Report = Callable[[int, float], None]
Line = tuple[int, bytes]  # its number in the file, from 1, and its text


class LinesScorer:
    """Scores lines of one file."""

    def __init__(self, scorer: Scorer, on_error: OnError) -> None:
        self._scorer = scorer
        self._skip = on_error is OnError.SKIP
        self._decode = RowDecoder(scorer.schema, extra=True).decode
        self._names = answer_schema(scorer.schema, errors=self._skip).names

    def run(self, source: Path, target: Path, report: Report) -> tuple[int, int]:
        """Score a file into another; return the number of rows, and of those without a prediction.

        Raises:
            DatasetRefused: the file has no rows, or a line of more than a megabyte.
            BadRows: rows do not fit the model, and were not to be skipped.
        """
        rows = skipped = 0
        size = source.stat().st_size
        with source.open("rb") as file, target.open("wb") as out:
            for chunk in _chunks(_lines(file)):
                faults, matrix = self._read(chunk)
                scored = score(self._scorer, matrix, faults, errors=self._skip)
                if not self._skip:
                    refuse({chunk[at][0]: fault for at, fault in scored.faults.items()}, _place)
                columns = [column.to_pylist() for column in scored.answers]
                for (_, text), answers in zip(chunk, zip(*columns, strict=True), strict=True):
                    out.write(_append(text, dict(zip(self._names, answers, strict=True))))
                rows, skipped = rows + len(chunk), skipped + len(scored.faults)
                report(rows, file.tell() / size)
        if rows == 0:
            raise DatasetRefused("empty_file", "The file holds no rows.", "Write one JSON object per line.")
        return rows, skipped

    def _read(self, chunk: list[Line]) -> tuple[dict[int, str], Matrix]:
        try:
            rows = self._decode(b"[" + b",".join(text for _, text in chunk) + b"]")
            if len(rows) == len(chunk):
                return {}, self._matrix(rows)
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass  # some line does not fit: look at each
        return self._read_one_by_one(chunk)

    def _read_one_by_one(self, chunk: list[Line]) -> tuple[dict[int, str], Matrix]:
        faults: dict[int, str] = {}
        empty: tuple[Value, ...] = (None,) * len(self._scorer.schema.features)
        rows = []
        for at, (_, text) in enumerate(chunk):
            fault = self._fault(text)
            if fault:
                faults[at] = fault
            rows.append(empty if fault else self._decode(b"[" + text + b"]")[0])
        return faults, self._matrix(rows)

    def _matrix(self, rows: Sequence[Sequence[Value]]) -> Matrix:
        features = self._scorer.schema.features
        columns = zip(features, zip(*rows, strict=True), strict=True)
        return self._scorer.encoder.encode_columns(
            {feature.name: column_of(feature.kind, values) for feature, values in columns}
        )

    def _fault(self, text: bytes) -> str | None:
        try:
            errors = row_errors((), parse_json(text), self._scorer.schema, extra=True)
            found = [f"field {error.name!r} {error.message}" for error in errors]
            if not found:
                self._decode(b"[" + text + b"]")
        except (MalformedJson, msgspec.DecodeError, ValueError, RecursionError) as error:
            return f"is not a JSON object that can be read ({error})"
        return ", ".join(found) or None


def _place(line: int) -> str:
    return f"line {line}"


def _lines(file: "Iterator[bytes]") -> Iterator[Line]:
    for number, line in enumerate(file, 1):
        if len(line) > LONGEST_LINE_BYTES:
            raise DatasetRefused("value_too_long", f"Line {number} has more than a megabyte.", "Write shorter lines.")
        text = line.strip()
        if text:
            yield number, text


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while chunk := list(islice(lines, CHUNK_LINES)):
        yield chunk


def _append(text: bytes, answers: dict[str, object]) -> bytes:
    """Return the line with the answers in it; what is no JSON object becomes one that holds only the answers."""
    added = msgspec.json.encode(answers)
    if answers.get(ERROR) and not (text.startswith(b"{") and _is_object(text)):
        return added + b"\n"
    head = text[:-1].rstrip()
    return head + (b"" if head == b"{" else b",") + added[1:] + b"\n"


def _is_object(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=dict)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return True
