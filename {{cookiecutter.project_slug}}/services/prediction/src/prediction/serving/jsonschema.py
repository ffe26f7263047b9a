"""What a model takes, as JSON Schema, and an example that it really answers."""

from typing import Final

from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Scalar
from prediction.serving.decoder import KEY_PATTERN, MAX_KEY_LENGTH

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def request_schema(schema: ModelSchema, max_rows: int) -> dict[str, Json]:
    """Return the JSON Schema of a request's body."""
    row: dict[str, Json] = {
        "type": "object",
        "properties": {feature.name: _feature_schema(feature) for feature in schema.features},
        "required": [feature.name for feature in schema.features if not feature.nullable],
        "additionalProperties": False,
    }
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": {
            "rows": {"type": "array", "items": row, "minItems": 1, "maxItems": max_rows},
            "key": {"type": ["string", "null"], "maxLength": MAX_KEY_LENGTH, "pattern": KEY_PATTERN},
            "explain": {"type": "boolean", "default": False},
        },
        "required": ["rows"],
        "additionalProperties": False,
    }


def example_row(schema: ModelSchema) -> dict[str, Json]:
    """Return a row of typical values."""
    return {feature.name: _example(feature) for feature in schema.features}


def _feature_schema(feature: Feature) -> dict[str, Json]:
    described = _value_schema(feature)
    return {"anyOf": [described, {"type": "null"}]} if feature.nullable else described


def _value_schema(feature: Feature) -> dict[str, Json]:
    match feature.kind:
        case FeatureKind.NUMERIC:
            seen = f"training saw {feature.minimum} to {feature.maximum}"
            return {"type": "integer" if feature.integer else "number", "description": seen}
        case FeatureKind.BOOLEAN:
            return {"type": "boolean"}
        case FeatureKind.CATEGORY:
            return {"enum": list(feature.categories)}
        case FeatureKind.DATETIME:
            return {"type": "string", "description": "ISO 8601; without a zone: UTC"}


def _example(feature: Feature) -> Json:
    typical: Scalar | None = feature.typical
    if typical is not None:
        return int(typical) if feature.integer and isinstance(typical, float) else typical
    if feature.nullable:
        return None
    match feature.kind:
        case FeatureKind.NUMERIC:
            return 0
        case FeatureKind.BOOLEAN:
            return False
        case FeatureKind.CATEGORY:
            return feature.categories[0]
        case FeatureKind.DATETIME:
            return "2026-01-01T00:00:00Z"
