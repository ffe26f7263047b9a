"""A caller's JSON schema: bounded, without references and patterns, so that it can be given to a model and checked.

References inside the schema are put in place of what they name; recursive ones are refused, as are addresses. Regular
expressions are refused because one can be written that keeps the process busy for ever.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]  # the same

from rag.answering.errors import InvalidSchema
from servicekit.database import Json
from servicekit.problems import FieldError

LARGEST_BYTES = 16 * 1024
MOST_NODES = 500
DEEPEST = 10
_REFUSED = ("pattern", "patternProperties", "$dynamicRef", "$recursiveRef", "$id", "$anchor", "$dynamicAnchor")
_NAMED = ("properties", "$defs", "definitions", "dependentSchemas")
"""Keywords whose keys are names of the caller's own, not keywords."""
_DATA = ("const", "enum", "default", "examples", "required", "dependentRequired")
"""Keywords that hold plain values."""


def checked(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schema with its references put in.

    Raises:
        InvalidSchema: it is no schema of an object, too large or deep, or uses what is refused.
    """
    if len(json.dumps(schema)) > LARGEST_BYTES:
        raise _invalid("", f"is larger than {LARGEST_BYTES} bytes")
    resolved = _Resolver(schema).resolve()
    if resolved.get("type") != "object":
        raise _invalid("/type", 'must be "object"')
    try:
        Draft202012Validator.check_schema(resolved)
    except SchemaError as error:
        raise _invalid("".join(f"/{step}" for step in error.path), error.message) from None
    return resolved


class _Resolver:
    """Copies a schema and counts what it copies."""

    def __init__(self, root: Mapping[str, Json]) -> None:
        self._root = root
        self._nodes = 0

    def resolve(self) -> dict[str, Json]:
        copied = self._copy(dict(self._root), "", 0, ())
        assert isinstance(copied, dict)  # noqa: S101 - a copy of one
        copied.pop("$defs", None)
        copied.pop("definitions", None)
        return copied

    def _copy(self, node: Json, path: str, depth: int, following: tuple[str, ...]) -> Json:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _invalid(path, f"has more than {MOST_NODES} parts")
        if depth > DEEPEST * 2:  # every level of an object takes two: `properties` and the name
            raise _invalid(path, f"is nested deeper than {DEEPEST} levels")
        if isinstance(node, list):
            return [self._copy(item, f"{path}/{index}", depth + 1, following) for index, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return self._follow(node, path, depth, following)
        return {key: self._value(key, value, f"{path}/{key}", depth, following) for key, value in node.items()}

    def _value(self, key: str, value: Json, path: str, depth: int, following: tuple[str, ...]) -> Json:
        if key in _REFUSED:
            raise _invalid(path, "is not supported")
        if key in _DATA:
            self._nodes += len(value) if isinstance(value, list) else 1
            return value
        if key in _NAMED and isinstance(value, dict):
            inner = () if key in ("$defs", "definitions") and not path.count("/") > 1 else value
            return {name: self._copy(value[name], f"{path}/{name}", depth + 2, following) for name in inner}
        return self._copy(value, path, depth + 1, following)

    def _follow(self, node: Mapping[str, Json], path: str, depth: int, following: tuple[str, ...]) -> Json:
        target = node["$ref"]
        if not isinstance(target, str) or not target.startswith("#/"):
            raise _invalid(f"{path}/$ref", "may only name a part of this schema, such as #/$defs/name")
        if target in following:
            raise _invalid(f"{path}/$ref", "leads back to itself")
        found: Json = dict(self._root)
        for step in target[2:].split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise _invalid(f"{path}/$ref", f"names {target}, which is not there")
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return self._copy({**found, **beside}, path, depth, (*following, target))


def leaves(data: Json) -> Iterator[str | int | float]:
    """Yield the texts and numbers of a document."""
    if isinstance(data, bool) or data is None:
        return
    if isinstance(data, str | int | float):
        yield data
        return
    inner: Sequence[Json] = list(data.values()) if isinstance(data, dict) else data
    for value in inner:
        yield from leaves(value)


def _invalid(path: str, message: str) -> InvalidSchema:
    error = FieldError(f"schema{path.replace('/', '.')}", message, pointer=f"#/schema{path}")
    return InvalidSchema(f"The schema {message}." if not path else f"{path[1:]} {message}.", errors=(error,))
