"""Names everything that is wrong with a body that the compiled decoder refused. Only refused requests come here."""

import json
import math
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from itertools import chain, islice
from typing import Final

from prediction.artifacts.columns import epoch_seconds
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema
from prediction.serving.decoder import KEY_PATTERN, MAX_KEY_LENGTH
from prediction.serving.settings import ServingSettings
from servicekit.http.strict_json import MalformedJson
from servicekit.problems import FieldError

MAX_ERRORS: Final = 50
MAX_NAMED_CATEGORIES: Final = 10
_LONGEST_NUMBER: Final = 400  # characters; a longer one is infinite, or needs no such length


class NotFinite:
    """Stands for a number that JSON text can spell and no model can take: NaN, Infinity or 1e400."""

    def __init__(self, text: str) -> None:
        self.text = text if len(text) < 20 else f"{text[:20]}…"


JsonValue = None | bool | int | float | str | NotFinite | list["JsonValue"] | dict[str, "JsonValue"]
Path = tuple[str | int, ...]


def request_errors(body: bytes, schema: ModelSchema, settings: ServingSettings) -> list[FieldError]:
    """Return what is wrong with a request's body, at most `MAX_ERRORS` things.

    Raises:
        MalformedJson: it is not JSON at all.
    """
    return list(islice(_body_errors(parse_json(body), schema, settings), MAX_ERRORS))


def row_errors(path: Path, row: JsonValue, schema: ModelSchema, *, extra: bool = False) -> Iterator[FieldError]:
    """Yield what is wrong with one row; `extra` allows fields that the model does not know."""
    if not isinstance(row, dict):
        yield _error(path, f"must be an object of field names and values, not {_name(row)}")
        return
    for feature in schema.features:
        message = _missing(feature) if feature.name not in row else value_error(feature, row[feature.name])
        if message:
            yield _error((*path, feature.name), message)
    if not extra:
        known = [feature.name for feature in schema.features]
        for name in row:
            if name not in known:
                yield _error((*path, name), f"is not a field of this model{_did_you_mean(name, known)}")


def parse_json(body: bytes) -> JsonValue:
    """Return the value of a JSON text, with the numbers that no model can take as `NotFinite`.

    Raises:
        MalformedJson: it is not JSON.
    """
    try:
        value: JsonValue = json.loads(
            body.decode(), parse_constant=NotFinite, parse_float=_parse_number, parse_int=_parse_number
        )
    except UnicodeDecodeError as error:
        raise MalformedJson("The body is not UTF-8 text.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise MalformedJson(f"The body is not JSON: {error}") from error
    return value


def value_error(feature: Feature, value: JsonValue) -> str | None:
    """Return why the value cannot be one of the feature's, or None if it can."""
    if value is None:
        return None if feature.nullable else "must not be null: training saw no missing values here"
    if isinstance(value, NotFinite):
        return f"must be a finite number, not {value.text}"
    return _CHECKS[feature.kind](feature, value)


def _body_errors(body: JsonValue, schema: ModelSchema, settings: ServingSettings) -> Iterator[FieldError]:
    if not isinstance(body, dict):
        yield _error((), f"must be an object with the member `rows`, not {_name(body)}")
        return
    for name in body:
        if name not in ("rows", "key", "explain"):
            yield _error((name,), "is unknown; the members of a request are rows, key and explain")
    key = body.get("key")
    if key is not None and (not isinstance(key, str) or len(key) > MAX_KEY_LENGTH or not re.search(KEY_PATTERN, key)):
        yield _error(("key",), f"must be text of at most {MAX_KEY_LENGTH} characters without control characters")
    if not isinstance(body.get("explain", False), bool):
        yield _error(("explain",), "must be true or false")
    explain = body.get("explain") is True
    yield from _rows_errors(body, schema, settings.max_explained_rows if explain else settings.max_rows)


def _rows_errors(body: dict[str, JsonValue], schema: ModelSchema, limit: int) -> Iterator[FieldError]:
    rows = body.get("rows")
    if "rows" not in body:
        yield _error(("rows",), "is missing")
    elif not isinstance(rows, list):
        yield _error(("rows",), f"must be a list of rows, not {_name(rows)}")
    elif not rows:
        yield _error(("rows",), "must hold at least one row")
    elif len(rows) > limit:
        yield _error(("rows",), f"holds {len(rows)} rows; at most {limit} are taken; score larger tables as files")
    else:
        yield from chain.from_iterable(row_errors(("rows", i), row, schema) for i, row in enumerate(rows))


def _missing(feature: Feature) -> str | None:
    return None if feature.nullable else "is missing"


def _number_error(feature: Feature, value: JsonValue) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be a number, not {_name(value)}"
    if feature.integer and value != math.floor(value):
        return f"must be a whole number, not {value}"
    return None


def _boolean_error(_feature: Feature, value: JsonValue) -> str | None:
    return None if isinstance(value, bool) else f"must be true or false, not {_name(value)}"


def _category_error(feature: Feature, value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return f"must be text, not {_name(value)}; {_allowed(feature)}"
    if value not in feature.categories:
        return f"has the unknown category {_show(value)}{_did_you_mean(value, feature.categories)}; {_allowed(feature)}"
    return None


def _datetime_error(_feature: Feature, value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return f"must be a date or time as ISO 8601 text, not {_name(value)}"
    try:
        epoch_seconds(value)
    except ValueError:
        return f"must be a date or time as ISO 8601 text (2026-11-20 or 2026-11-20T19:08:00Z), not {_show(value)}"
    return None


_CHECKS: dict[FeatureKind, Callable[[Feature, JsonValue], str | None]] = {
    FeatureKind.NUMERIC: _number_error,
    FeatureKind.BOOLEAN: _boolean_error,
    FeatureKind.CATEGORY: _category_error,
    FeatureKind.DATETIME: _datetime_error,
}


def _parse_number(text: str) -> int | float | NotFinite:
    if len(text) > _LONGEST_NUMBER:
        return NotFinite(text)
    number = float(text)
    return NotFinite(text) if math.isinf(number) else number


def _allowed(feature: Feature) -> str:
    named = ", ".join(map(_show, feature.categories[:MAX_NAMED_CATEGORIES]))
    more = len(feature.categories) - MAX_NAMED_CATEGORIES
    return f"allowed are {named}" + (f" and {more} more (see the schema)" if more > 0 else "")


def _did_you_mean(text: str, known: list[str] | tuple[str, ...]) -> str:
    close = get_close_matches(text[:100], known[:200], n=1, cutoff=0.7)
    return f" (did you mean {_show(close[0])}?)" if close else ""


def _show(text: str) -> str:
    return printable(json.dumps(text[:60], ensure_ascii=False))


def _name(value: JsonValue) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, NotFinite):
        return value.text
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a number"


def _error(path: Path, message: str) -> FieldError:
    """Name a place both ways: `rows[0].age`, and as a JSON pointer (RFC 6901) `#/rows/0/age`."""
    parts = [part if isinstance(part, int) else printable(part[:100]) for part in path]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return FieldError(name or "body", message, pointer=f"#{pointer}")


def printable(text: str) -> str:
    """Return text that can be sent: half of a surrogate pair can be received in JSON, but not encoded."""
    return text.encode("utf-8", "backslashreplace").decode()
