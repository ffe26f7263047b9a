"""Types of fields in requests, where pydantic by itself is kinder than JSON Schema says."""

from typing import Annotated

from pydantic import BeforeValidator


def _number_only(value: object) -> object:
    """Refuse text and booleans, which pydantic would turn into numbers; 3.0 stays a whole number."""
    if isinstance(value, bool | str):
        msg = f"must be a number, not {'a boolean' if isinstance(value, bool) else 'text'}"
        raise ValueError(msg)
    return value


NumberOnly = BeforeValidator(_number_only)
"""Stands after other constraints in an `Annotated`: those after it would be lost from the JSON Schema."""
WholeNumber = Annotated[int, NumberOnly]
Number = Annotated[float, NumberOnly]
