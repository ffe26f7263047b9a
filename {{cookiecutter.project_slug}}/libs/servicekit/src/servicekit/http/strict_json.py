"""Refuses JSON bodies that Python reads more kindly than anyone should.

Python's parser takes NaN, infinities (also as 1e400), repeated keys, half surrogates and endless nesting; they turn
into errors far away, in the database or the response. Here they are a 400 that says so, before the application runs.
Hot paths do without this layer: their compiled decoders are as strict.
"""

import json
import math
from collections.abc import Sequence
from typing import NoReturn

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.context import SCOPE_KEY
from servicekit.problems import BadRequest

MAX_DEPTH = 64


class MalformedJson(BadRequest):
    """The body is not JSON that the service accepts."""

    code = "malformed_json"


class StrictJson:
    """Reads and checks JSON bodies, then hands them to the application unchanged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the body if there is a JSON one."""
        if scope["type"] != "http" or not is_json(scope[SCOPE_KEY].headers.get(b"content-type", b"")):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        if body:
            check_json(body)
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None if the client went away."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def is_json(content_type: bytes) -> bool:
    """Whether a content type names JSON."""
    media_type = content_type.partition(b";")[0].strip().lower()
    return media_type == b"application/json" or (
        media_type.startswith(b"application/") and media_type.endswith(b"+json")
    )


def check_json(body: bytes) -> None:
    """Raise `MalformedJson` unless the body is strict JSON."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not UTF-8: byte {error.start} is not valid.") from None
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg}: line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise MalformedJson(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    except ValueError:  # an integer of thousands of digits
        raise MalformedJson("A number in the body is too long.") from None
    _check_values(value, texts="\\u" in text)


def _check_values(root: object, *, texts: bool) -> None:
    """Check the depth and, if the body escapes characters, the texts. No recursion: the client chooses the depth."""
    level: Sequence[object] = [root]
    for _ in range(MAX_DEPTH):
        following: list[object] = []
        for value in level:
            if isinstance(value, dict):
                following.extend(value.values())
                if texts:
                    following.extend(value)
            elif isinstance(value, list):
                following.extend(value)
            elif texts and isinstance(value, str):
                _check_text(value)
        if not following:
            return
        level = following
    raise MalformedJson(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise MalformedJson("A text in the body contains a null character.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise MalformedJson("A text in the body contains half of a surrogate pair.")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedJson("An object in the body has the same key twice.")
    return fields


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise MalformedJson("A number in the body is too large.")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not JSON.")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refuse_constant)
