"""Which error of ours a provider's fault is.

Providers agree on the status codes and disagree on the rest, so the status decides and the provider's own names refine.
The message of a provider never leaves this module: it may quote the request or a part of the key.
"""

import email.utils
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx2
import msgspec
import structlog

from llmkit.errors import (
    AuthenticationFailed,
    ContentFiltered,
    ContextTooLong,
    Malformed,
    ModelError,
    Overloaded,
    RateLimited,
    Refused,
    TimedOut,
    Truncated,
)

_TOO_LONG = re.compile(
    r"context.?(length|window)|maximum context|prompt is too long|too many (input )?tokens|exceed.{0,40}tokens",
    re.IGNORECASE,
)
_FILTERED = re.compile(r"content.?(filter|policy)|responsible.?ai|safety.?(system|filter)", re.IGNORECASE)
_NO_CREDIT = re.compile(r"insufficient_quota|billing|credit balance", re.IGNORECASE)
_HARMLESS = re.compile(r"[a-z_ ]{1,80}").fullmatch
"""Names that providers give to faults, and nothing else: what does not look like one is not logged."""
_STATUS = re.compile(r"[45]\d\d").fullmatch
_OF_KIND = {
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "timeout_error": 408,
}
"""The statuses that belong to a fault that is reported inside a stream, where the real status is 200."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider says about a fault."""

    status: int | None
    kind: str
    """Its type and code."""
    message: str
    retry_after: int | None = None


class ToldInStream(Exception):
    """A provider reports a fault in a body whose status says that all is well, as in the middle of a stream."""

    def __init__(self, error: object) -> None:
        super().__init__("the provider reports a fault")
        self.told = _read(error)


def name_told(model: str, told: Told) -> ModelError:
    """The error for a fault that the provider has reported."""
    logger.info("llm.provider_fault", model=model, status=told.status, kind=told.kind if _HARMLESS(told.kind) else None)
    status = told.status or next((code for kind, code in _OF_KIND.items() if kind in told.kind), 500)
    text = f"{told.kind} {told.message}"
    if status == 402 or (status in (400, 403, 429) and _NO_CREDIT.search(text)):
        return ModelError(f"The account at the provider of {model} has no credit left.")
    if status in (401, 403):
        return AuthenticationFailed(f"The provider of {model} does not accept the key.")
    if status == 429:
        return RateLimited(f"The provider of {model} takes no more requests for now.", retry_after=told.retry_after)
    if status in (408, 504):
        return TimedOut(f"The provider says that {model} has not answered in time.")
    if status == 409 or status >= 500:
        return Overloaded(f"The provider of {model} fails or is overloaded.", retry_after=told.retry_after)
    return _name_request(model, status, text)


def _name_request(model: str, status: int, text: str) -> ModelError:
    if status == 413 or _TOO_LONG.search(text):
        return ContextTooLong(f"The request is longer than {model} takes.")
    if _FILTERED.search(text):
        return ContentFiltered(f"The filter of the provider of {model} has stopped the request.")
    if status == 404:
        return ModelError(f"The provider knows no model {model}.")
    return Refused(f"The provider of {model} finds the request invalid.")


def name_raised(model: str, error: BaseException) -> ModelError:
    """The error for an exception of the transport or of a decoder."""
    if isinstance(error, ModelError):
        return error
    if isinstance(error, ToldInStream):
        return name_told(model, error.told)
    if isinstance(error, (httpx2.TimeoutException, TimeoutError)):
        return TimedOut(f"{model} has not answered in time.")
    if isinstance(error, (httpx2.ConnectError, httpx2.ProxyError)):
        return Overloaded(f"The provider of {model} cannot be reached.")
    if isinstance(error, (httpx2.TransportError, OSError)):
        return Truncated(f"The connection to {model} was lost before the answer was complete.")
    if isinstance(error, (msgspec.DecodeError, json.JSONDecodeError, UnicodeDecodeError, httpx2.DecodingError)):
        return Malformed(f"The answer of {model} cannot be read.")
    return Malformed(f"The answer of {model} is not of the expected form ({type(error).__name__}).")


def told(status: int, headers: Mapping[str, str], body: object) -> Told:
    """What an error response says; both protocols put `type`, `code` and `message` into an object `error`."""
    error = body.get("error", body) if isinstance(body, Mapping) else None
    return replace(_read(error), status=status, retry_after=_retry_after(headers))


def _read(error: object) -> Told:
    fields = error if isinstance(error, Mapping) else {}
    kind = " ".join(str(fields[name]) for name in ("type", "code") if fields.get(name))
    code = str(fields.get("code"))  # a name, or a status: OpenRouter and others have numbers here
    status = int(code) if _STATUS(code) else None
    return Told(status, kind, str(fields.get("message") or ""))


def _retry_after(headers: Mapping[str, str]) -> int | None:
    # Whole seconds, rounded up; the header holds a number or a date.
    text = headers.get("retry-after", "").strip()
    milliseconds = headers.get("retry-after-ms", "").strip()
    try:
        if milliseconds:
            return _seconds(float(milliseconds) / 1000)
        if text:
            return _seconds(float(text))
    except ValueError:
        return _seconds_until(text)
    return None


def _seconds(value: float) -> int | None:
    return max(0, math.ceil(value)) if math.isfinite(value) else None


def _seconds_until(text: str) -> int | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return _seconds(moment.timestamp() - time.time())
