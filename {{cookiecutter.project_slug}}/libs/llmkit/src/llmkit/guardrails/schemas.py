"""Reading JSON schemas: references resolved, alternatives listed, and the smallest value that a schema allows."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no type information
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]  # the same
from referencing import Registry

Schema: TypeAlias = Mapping[str, object]
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

DEEPEST = 12
_CANDIDATES = (
    *("", "a", "A", "0", "00", "000", "0000", "00000", "1", "aa", "AA", "AAA", "aaa", "A1", "a1", "a-b", "a_b", "n/a"),
    *("00000000-0000-0000-0000-000000000000", "2000-01-01", "2000-01-01T00:00:00Z", "00:00:00Z", "a@example.org"),
    *("https://example.org/", "192.0.2.1", "2001:db8::1", "example.org", "#000000", "+10000000000", "P1D", "1.0.0"),
    *("v1", "en", "EN", "en-US", "ABC-123", "AB12", "unknown"),
)
"""Values that common patterns allow."""
_FORMATS = {
    "date": "2000-01-01", "date-time": "2000-01-01T00:00:00Z", "time": "00:00:00Z", "email": "unknown@example.org",
    "uri": "https://example.org/", "url": "https://example.org/", "uuid": "00000000-0000-0000-0000-000000000000",
    "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "hostname": "example.org", "duration": "P0D",
}  # fmt: skip


class Reader:
    """One schema document, in which `#/…` references are followed."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._registry: Registry[object] = Registry()  # empty, so that no reference ever leads to a network

    def resolve(self, schema: Schema, depth: int = 0) -> Schema:
        """Follow a reference and fold `allOf` into one schema."""
        reference = schema.get("$ref")
        if isinstance(reference, str) and depth < DEEPEST:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            return self.resolve({**self._target(reference), **rest}, depth + 1)
        together = schema.get("allOf")
        if isinstance(together, list) and depth < DEEPEST:
            rest = {key: value for key, value in schema.items() if key != "allOf"}
            parts = [self.resolve(part, depth + 1) for part in together if isinstance(part, Mapping)]
            return _merged([rest, *parts])
        return schema

    def _target(self, reference: str) -> Schema:
        node: object = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            node = node.get(name, {}) if isinstance(node, Mapping) and name else node
        return node if isinstance(node, Mapping) else {}

    def alternatives(self, schema: Schema, depth: int = 0) -> list[Schema]:
        """Return the schemas of which a value may follow any, those that allow null last."""
        for key in ("anyOf", "oneOf"):
            options = schema.get(key)
            if isinstance(options, list) and options and depth < DEEPEST:
                rest = {name: value for name, value in schema.items() if name != key}
                merged = [_merged([rest, self.resolve(option)]) for option in options if isinstance(option, Mapping)]
                found = [inner for option in merged for inner in self.alternatives(option, depth + 1)]
                return sorted(found, key=lambda option: option.get("type") == "null")
        types = schema.get("type")
        if isinstance(types, list):
            return [{**schema, "type": name} for name in sorted(types, key=lambda name: name == "null")]
        return [schema]

    def errors(self, value: object, schema: Schema | None = None) -> list[str]:
        """Return what is wrong with a value, in words; empty when it follows the schema."""
        document: Schema = self._root if schema is None else {**schema, **_definitions(self._root)}
        validator = Draft202012Validator(
            document, registry=self._registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        found: list[ValidationError] = sorted(
            validator.iter_errors(value), key=lambda error: list(map(str, error.path))
        )
        return [f"{error.json_path}: {error.message}" for error in found]

    def minimal(self, schema: Schema, depth: int = 0) -> Json:
        """Return the smallest value that a schema allows."""
        schema = self.alternatives(self.resolve(schema))[-1 if depth > DEEPEST // 2 else 0]
        schema = self.resolve(schema)
        for key in ("const", "default"):
            if key in schema:
                return schema[key]  # type: ignore[return-value]  # a schema document is JSON
        options = schema.get("enum")
        if isinstance(options, list) and options:
            return options[0]  # type: ignore[no-any-return]  # the same
        return self._smallest(schema, depth)

    def _smallest(self, schema: Schema, depth: int) -> Json:
        match type_of(schema):
            case "object":
                names = required(schema)
                return {name: self.minimal(properties(schema).get(name, {}), depth + 1) for name in names}
            case "array":
                item = items(schema)
                least = int(_number(schema.get("minItems"), 0))
                return [self.minimal(item, depth + 1) for _ in range(least)] if depth < DEEPEST else []
            case "integer":
                return int(bounded(0, schema))
            case "number":
                return bounded(0.0, schema)
            case "boolean":
                return False
            case "null":
                return None
        return smallest_text(schema)


def type_of(schema: Schema) -> str:
    """Return the type of a schema that has only one; it may have to be guessed from what else is there."""
    named = schema.get("type")
    if isinstance(named, str):
        return named
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def properties(schema: Schema) -> Mapping[str, Schema]:
    """Return the properties of an object's schema."""
    found = schema.get("properties")
    if not isinstance(found, Mapping):
        return {}
    return {name: value if isinstance(value, Mapping) else {} for name, value in found.items()}


def required(schema: Schema) -> list[str]:
    """Return the names of the properties that must be there."""
    names = schema.get("required")
    return [str(name) for name in names] if isinstance(names, list) else []


def items(schema: Schema) -> Schema:
    """Return the schema of an array's items."""
    found = schema.get("items")
    return found if isinstance(found, Mapping) else {}


def bounded(value: float, schema: Schema) -> float:
    """Move a number into the bounds and onto the steps of its schema."""
    step = _number(schema.get("multipleOf"), 0)
    unit = step or (1 if type_of(schema) == "integer" else 1e-6)
    low = _number(schema.get("minimum"), float("-inf"))
    low = max(low, _number(schema.get("exclusiveMinimum"), float("-inf")) + unit)
    high = _number(schema.get("maximum"), float("inf"))
    high = min(high, _number(schema.get("exclusiveMaximum"), float("inf")) - unit)
    value = min(max(value, low), high)
    if step:
        value = round(value / step) * step
        value += step if value < low else -step if value > high else 0
    return int(value) if type_of(schema) == "integer" else value


def smallest_text(schema: Schema) -> str:
    """Return a text that follows `format`, `pattern` and the lengths, as far as a list of candidates reaches."""
    form, pattern = schema.get("format"), schema.get("pattern")
    least, most = int(_number(schema.get("minLength"), 0)), int(_number(schema.get("maxLength"), 1e9))
    if isinstance(form, str) and form in _FORMATS:
        return _FORMATS[form]
    tried = [*_CANDIDATES, *(character * max(1, least) for character in "aA01")]
    if isinstance(pattern, str):
        return next((text for text in tried if least <= len(text) <= most and re.search(pattern, text)), "")
    return ("unknown" if most >= 7 else "").ljust(least, ".")[: max(least, 7)]


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def _definitions(root: Schema) -> Schema:
    return {key: root[key] for key in ("$defs", "definitions") if key in root}


def _merged(parts: Sequence[Schema]) -> Schema:
    merged: dict[str, object] = {}
    for part in parts:
        for key, value in part.items():
            merged[key] = _both(merged.get(key), value) if key in {"properties", "required"} else value
    return merged


def _both(one: object, other: object) -> object:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {**one, **other}
    return [*one, *other] if isinstance(one, list) and isinstance(other, list) else other
