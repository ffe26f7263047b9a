"""What is recorded of a prediction: one record per request, one row per scored row of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

Variant = Literal["champion", "challenger", "shadow"]
Output = float | Sequence[float]  # the value of a regression, or the probability of each class


class PredictionRecord(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One answered request.

    A version that runs in the shadow of another gets a record of its own with the same `id` and the variant "shadow".
    """

    id: str
    at: float  # seconds since 1970
    tenant: str
    model: str
    version: str
    variant: Variant
    request_id: str
    rows: msgspec.Raw  # the JSON array of objects that the caller sent
    outputs: Sequence[Output]  # one per row
    classes: tuple[str, ...] = ()  # names of the probabilities, in their order; empty for a regression
    key: str | None = None  # the caller's stable id, which chooses between champion and challenger


class MalformedRecordError(ValueError):
    """A spooled line is not a record."""


@dataclass(slots=True)
class PredictionRow:
    """One scored row, as the `predictions` table holds it. Not frozen: that would treble the time to make one."""

    id: str
    variant: Variant
    tenant: str
    model: str
    version: str
    at: datetime
    request_id: str
    key: str | None
    features: str  # JSON object
    label: str | None  # the class answered; None for a regression
    score: float  # the value, or the probability of the class answered
    probabilities: str | None  # JSON object, class to probability; None for a regression


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PredictionRecord).decode
_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode


def encode_line(record: PredictionRecord) -> bytes:
    """Return the record as one line of JSON with its newline."""
    line = _encode(record)
    if b"\n" in line:  # only white space of the caller's JSON can hold one: strings escape it
        line = line.replace(b"\n", b" ")
    return line + b"\n"


def row_id(prediction_id: str, index: int) -> str:
    """Return the id of one row of a request."""
    return prediction_id if index == 0 else f"{prediction_id}-{index}"


def expand_line(line: bytes) -> list[PredictionRow]:
    """Return the table rows of one spooled line.

    Raises:
        MalformedRecordError: the line is not a whole record.
    """
    try:
        record = _decode(line)
        rows = _decode_rows(record.rows)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRecordError(str(error)) from error
    if len(rows) != len(record.outputs):
        msg = f"{len(rows)} rows but {len(record.outputs)} outputs"
        raise MalformedRecordError(msg)
    at = datetime.fromtimestamp(record.at, UTC)
    return [
        _expand(record, at, index, bytes(features).decode(), output)
        for index, (features, output) in enumerate(zip(rows, record.outputs, strict=True))
    ]


def _expand(record: PredictionRecord, at: datetime, index: int, features: str, output: Output) -> PredictionRow:
    label, score, probabilities = _answer(record.classes, output)
    return PredictionRow(
        id=row_id(record.id, index),
        variant=record.variant,
        tenant=record.tenant,
        model=record.model,
        version=record.version,
        at=at,
        request_id=record.request_id,
        key=record.key,
        features=features,
        label=label,
        score=score,
        probabilities=probabilities,
    )


def _answer(classes: tuple[str, ...], output: Output) -> tuple[str | None, float, str | None]:
    if isinstance(output, int | float):
        return None, float(output), None
    if len(output) != len(classes):
        msg = f"{len(output)} probabilities for {len(classes)} classes"
        raise MalformedRecordError(msg)
    best = max(range(len(output)), key=output.__getitem__)
    named = dict(zip(classes, output, strict=True))
    return classes[best], float(output[best]), _encode(named).decode()
