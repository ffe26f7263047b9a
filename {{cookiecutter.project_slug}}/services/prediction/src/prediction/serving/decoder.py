"""From the JSON of a request to the values of its rows, by a decoder compiled once for each model.

The decoder is strict: a boolean is no number, text is no number, unknown fields and unknown categories are refused,
whole-number features take 3 and 3.0 but not 3.5. When it refuses, `prediction.serving.validation` looks at the body
again, slowly, and names everything that is wrong with it.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final, Literal

import msgspec

from prediction.artifacts.columns import Value
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema

MAX_KEY_LENGTH: Final = 200
KEY_PATTERN: Final = "^[^\\x00-\\x1f]*$"  # control characters cannot be stored everywhere

_UNSPEAKABLE: Final = re.compile(r'[\\"\x00-\x1f]')


class PredictRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The body of a request. The rows stay text here: a decoder per model reads them, and the log keeps them."""

    rows: msgspec.Raw
    key: Annotated[str, msgspec.Meta(max_length=MAX_KEY_LENGTH, pattern=KEY_PATTERN)] | None = None
    explain: bool = False


decode_request = msgspec.json.Decoder(PredictRequest).decode


class RowDecoder:
    """Reads the rows of one model."""

    def __init__(self, schema: ModelSchema, *, extra: bool = False) -> None:
        """Compile the decoder; `extra` lets rows have fields that the model does not know."""
        aliases = {f"f{position}": feature.name for position, feature in enumerate(schema.features)}
        plain = not any(_UNSPEAKABLE.search(name) for name in aliases.values())
        row = msgspec.defstruct(
            "Row",
            [_field(alias, feature) for alias, feature in zip(aliases, schema.features, strict=True)],
            rename=aliases if plain else None,
            forbid_unknown_fields=not extra,
            kw_only=True,
            gc=False,
        )
        rows = list[row]  # type: ignore[valid-type]  # a type made at run time
        self._decode = msgspec.json.Decoder(rows).decode if plain else partial(_decode_renamed, rows, aliases)

    def decode(self, rows: msgspec.Raw | bytes) -> list[Sequence[Value]]:
        """Return the values of each row in the order of the schema's features; what was left out is None.

        Raises:
            msgspec.DecodeError: a row does not fit the model.
        """
        return list(map(msgspec.structs.astuple, self._decode(rows)))


def _decode_renamed(rows: type, aliases: dict[str, str], text: bytes) -> list[msgspec.Struct]:
    """Decode in two steps, for names that a compiled decoder cannot have."""
    names = {name: alias for alias, name in aliases.items()}
    named = [{names.get(name, f"?{name}"): value for name, value in row.items()} for row in _decode_objects(text)]
    return msgspec.convert(named, rows)


_decode_objects = msgspec.json.Decoder(list[dict[str, object]]).decode


def _field(name: str, feature: Feature) -> tuple[str, object] | tuple[str, object, None]:
    kind = _type(feature)
    return (name, kind | None, None) if feature.nullable else (name, kind)  # type: ignore[operator]  # a type at run time


def _type(feature: Feature) -> object:
    match feature.kind:
        case FeatureKind.NUMERIC:
            return Annotated[float, msgspec.Meta(multiple_of=1)] if feature.integer else float
        case FeatureKind.BOOLEAN:
            return bool
        case FeatureKind.CATEGORY:
            return Literal[feature.categories]
        case FeatureKind.DATETIME:
            return str
