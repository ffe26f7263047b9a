"""A caller's JSON schema."""

import pytest

from rag.answering.errors import InvalidSchema
from rag.answering.schema import MOST_NODES, checked, leaves

PORT = {"type": "object", "properties": {"port": {"type": "integer"}}, "required": ["port"]}


def test_a_plain_schema_stays_as_it_is() -> None:
    assert checked(PORT) == PORT


def test_references_are_put_in() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/Name"}, "b": {"type": "array", "items": {"$ref": "#/$defs/Name"}}},
        "$defs": {"Name": {"type": "string", "maxLength": 5}},
    }
    name = {"type": "string", "maxLength": 5}
    assert checked(schema) == {"type": "object", "properties": {"a": name, "b": {"type": "array", "items": name}}}


def test_a_property_may_have_the_name_of_a_keyword() -> None:
    schema = {"type": "object", "properties": {"pattern": {"type": "string"}, "$ref": {"type": "string"}}}
    assert checked(schema) == schema


def _nested(depth: int) -> dict[str, object]:
    inner: dict[str, object] = {"type": "string"}
    for _ in range(depth):
        inner = {"type": "object", "properties": {"x": inner}}
    return inner


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        {"type": "object", "properties": {"a": {"type": "nonsense"}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+$"}}},
        {"type": "object", "patternProperties": {"(a+)+": {}}},
        {"type": "object", "properties": {"a": {"$ref": "https://example.org/schema"}}},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}},
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/A"}},
            "$defs": {"A": {"type": "object", "properties": {"again": {"$ref": "#/$defs/A"}}}},
        },
        {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(MOST_NODES)}},
        {"type": "object", "description": "x" * 20_000},
        _nested(12),
        {"type": "object", "properties": 3},
    ],
)
def test_refuses_schemas_that_are_wrong_too_large_or_dangerous(schema: dict[str, object]) -> None:
    with pytest.raises(InvalidSchema) as refused:
        checked(schema)
    assert refused.value.status == 422
    assert refused.value.errors


def test_references_cannot_blow_a_schema_up() -> None:
    definitions = {
        f"L{level}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/L{level + 1}"}] * 10} for level in range(8)
    }
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/L0"}},
        "$defs": {**definitions, "L8": {"type": "string"}},
    }
    with pytest.raises(InvalidSchema, match="parts"):
        checked(schema)


def test_allows_what_is_nested_as_deep_as_it_says() -> None:
    assert checked(_nested(8)) == _nested(8)


def test_leaves_are_texts_and_numbers() -> None:
    assert list(leaves({"a": ["x", 1, True, None], "b": {"c": 2.5}})) == ["x", 1, 2.5]
