"""Tags and metadata: bounded, typed, and the same wherever they come from."""

from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    FiniteFloat,
    StrictBool,
    StrictInt,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic import ValidationError as Invalid

from rag.documents.errors import LabelsRefused
from rag.indexing.ports import Scalar
from servicekit.problems import FieldError

MOST = 50
LARGEST = 2**53
"""Beyond it, JSON readers of other languages do not tell two whole numbers apart."""
_STEERING = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""Characters that steer a terminal or the direction of writing."""
_WORDS = r"^[^\sSTEERING]([^STEERING]*[^\sSTEERING])?$"
"""A pattern, so that the OpenAPI document says it too: no such character, and no space at either end."""


def _each_once(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


def _no_whole_number(value: object) -> object:
    if not isinstance(value, float):
        raise ValueError("a number that is too large, or none")
    return value


_Short = StringConstraints(min_length=1, max_length=64)
Tag: TypeAlias = Annotated[str, _Short, StringConstraints(pattern=_WORDS.replace("STEERING", f"{_STEERING},"))]
Key: TypeAlias = Annotated[str, _Short, StringConstraints(pattern=_WORDS.replace("STEERING", _STEERING))]
Number: TypeAlias = Annotated[StrictInt, Field(ge=-LARGEST, le=LARGEST)]
Text: TypeAlias = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]
Fraction: TypeAlias = Annotated[FiniteFloat, BeforeValidator(_no_whole_number)]
Value: TypeAlias = StrictBool | Number | Fraction | Text
Tags: TypeAlias = Annotated[list[Tag], Field(max_length=MOST), AfterValidator(_each_once)]
_METADATA_SCHEMA: dict[str, object] = {
    "type": "object",
    "maxProperties": MOST,
    "propertyNames": TypeAdapter(Key).json_schema(),
    "additionalProperties": TypeAdapter(Value).json_schema(),
}
"""Said here, because pydantic would say that names which do not fit may have any value."""
Metadata: TypeAlias = Annotated[dict[Key, Value], Field(max_length=MOST), WithJsonSchema(_METADATA_SCHEMA)]

_KEY = "1 to 64 characters, none that steers, no comma in a tag, no space at either end"
_VALUE = "a text of up to 1000 characters, a number that JSON can hold exactly, true or false"
_TAGS: TypeAdapter[list[str]] = TypeAdapter(Tags)
_METADATA: TypeAdapter[dict[str, Scalar]] = TypeAdapter(Metadata)


def parse_tags(text: str | None) -> list[str] | None:
    """Read tags separated by commas; None stays None. LabelsRefused."""
    if text is None:
        return None
    try:
        return _TAGS.validate_python([tag.strip() for tag in text.split(",") if tag.strip()])
    except Invalid as error:
        raise LabelsRefused("The tags cannot be used.", errors=_faults("tags", error)) from error


def parse_metadata(text: str | None) -> dict[str, Scalar] | None:
    """Read a JSON object of plain values; None and an empty text are None. LabelsRefused."""
    if text is None or not text.strip():
        return None
    try:
        return _METADATA.validate_json(text)
    except Invalid as error:
        raise LabelsRefused("The metadata cannot be used.", errors=_faults("metadata", error)) from error


def _faults(name: str, error: Invalid) -> list[FieldError]:
    """Say once for each entry what it may be; pydantic speaks of each type that it might have been."""
    faults: dict[str, str] = {}
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        place = fault["loc"][:1]
        expected = fault["msg"] if not place else _KEY if "[key]" in fault["loc"] or name == "tags" else _VALUE
        faults.setdefault(".".join((name, *map(str, place))), expected)
    return [FieldError(place, message) for place, message in faults.items()]
