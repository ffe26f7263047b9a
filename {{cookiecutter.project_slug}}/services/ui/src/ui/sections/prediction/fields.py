"""The form of a model, made from its JSON schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import streamlit as st
from pydantic import JsonValue

from ui.sections.prediction.models import Cell, Schema

Kind = Literal["number", "integer", "boolean", "category", "time"]
YES_NO = {True: "yes", False: "no"}
BLANK = "unknown"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the model."""

    name: str
    kind: Kind
    nullable: bool
    choices: tuple[Cell, ...]
    hint: str
    example: Cell


def fields_of(schema: Schema) -> tuple[Field, ...]:
    """Read the columns from what the service says about a request's body."""
    rows = _object(_object(schema.request, "properties"), "rows")
    described = _object(_object(rows, "items"), "properties")
    examples = schema.example.get("rows")
    example = examples[0] if isinstance(examples, list) and examples and isinstance(examples[0], dict) else {}
    return tuple(_field(name, _dict(value), example.get(name)) for name, value in described.items())


def _field(name: str, described: Mapping[str, JsonValue], example: JsonValue) -> Field:
    options = described.get("anyOf")
    alternatives = [_dict(option) for option in options] if isinstance(options, list) else [dict(described)]
    shapes = [option for option in alternatives if option.get("type") != "null"]
    shape = shapes[0] if shapes else {}
    listed = shape.get("enum")
    choices = tuple(_cell(value) for value in listed) if isinstance(listed, list) else ()
    return Field(
        name, _kind(shape), len(shapes) < len(alternatives), choices, str(shape.get("description", "")), _cell(example)
    )


def _kind(shape: Mapping[str, JsonValue]) -> Kind:
    if "enum" in shape:
        return "category"
    match shape.get("type"):
        case "integer":
            return "integer"
        case "boolean":
            return "boolean"
        case "string":
            return "time"
        case _:
            return "number"


def show_field(field: Field, key: str) -> Cell:
    """Show a field's widget and return what it holds; None is a missing value."""
    hint = field.hint[:1].upper() + field.hint[1:] or None
    match field.kind:
        case "category":
            return _pick(field, list(field.choices), str, key, hint)
        case "boolean":
            return _pick(field, [True, False], lambda value: YES_NO[bool(value)], key, hint)
        case "time":
            return _time(field, key, hint)
        case "integer":
            start = int(field.example) if isinstance(field.example, int | float) else None
            whole = st.number_input(field.name, value=start, step=1, key=key, help=hint, placeholder=_blank(field))
            return None if whole is None else int(whole)
        case "number":
            begin = float(field.example) if isinstance(field.example, int | float) else None
            return st.number_input(
                field.name, value=begin, step=0.1, format="%g", key=key, help=hint, placeholder=_blank(field)
            )


def missing(fields: tuple[Field, ...], row: Mapping[str, Cell]) -> list[str]:
    """Return the columns that need a value and have none."""
    return [field.name for field in fields if row[field.name] is None and not field.nullable]


def _pick(field: Field, choices: list[Cell], shown: Callable[[Cell], str], key: str, hint: str | None) -> Cell:
    values = [*choices, None] if field.nullable else choices
    index = values.index(field.example) if field.example in values else 0
    picked: Cell = st.selectbox(
        field.name, values, index=index, key=key, help=hint, format_func=lambda v: BLANK if v is None else shown(v)
    )
    return picked


def _time(field: Field, key: str, hint: str | None) -> Cell:
    try:
        start = datetime.fromisoformat(str(field.example)).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        start = None
    picked = st.datetime_input(field.name, value=start, key=key, help=hint)
    return picked.replace(tzinfo=UTC).isoformat() if picked else None


def _blank(field: Field) -> str:
    return BLANK if field.nullable else "needed"


def _object(holder: Mapping[str, JsonValue], name: str) -> dict[str, JsonValue]:
    return _dict(holder.get(name))


def _dict(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _cell(value: JsonValue) -> Cell:
    return None if isinstance(value, dict | list) else value
