"""Types of fields in requests, where pydantic by itself is kinder than JSON Schema says."""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic.config import JsonDict


def _number_only(value: object) -> object:
    """Refuse text and booleans, which pydantic would turn into numbers; 3.0 stays a whole number."""
    if isinstance(value, bool | str):
        msg = f"must be a number, not {'a boolean' if isinstance(value, bool) else 'text'}"
        raise ValueError(msg)
    return value


NumberOnly = BeforeValidator(_number_only)
"""Stands after other constraints in an `Annotated`: those after it would be lost from the JSON Schema."""
VISIBLE = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""Text with at least one visible character, and none that databases cannot store."""
ANY = r"^[^\x00]*$"
"""Text without what databases cannot store."""
WholeNumber = Annotated[int, NumberOnly]

JSON_NAME = "Json"
_JSON: JsonDict = {"$ref": f"#/components/schemas/{JSON_NAME}"}
_TEXT: JsonDict = {"type": "string", "pattern": ANY}
JSON_SCHEMA: JsonDict = {
    "description": "Any JSON without null characters",
    "anyOf": [
        _TEXT,
        {"type": ["number", "boolean", "null"]},
        {"type": "array", "items": _JSON},
        {"type": "object", "propertyNames": _TEXT, "additionalProperties": _JSON},
    ],
}
"""The component of the OpenAPI document that `JSON_OBJECT` refers to; see `rag.description`."""
JSON_OBJECT: JsonDict = {"propertyNames": _TEXT, "additionalProperties": _JSON}
"""What the document says of an object that may have any fields: the edge refuses null characters in them too."""
