"""Statuses, names and headers of providers become our errors."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import msgspec
import pytest

from llmkit.errors import (
    AuthenticationFailed,
    ContextTooLong,
    Malformed,
    ModelError,
    Overloaded,
    RateLimited,
    Refused,
    TimedOut,
    Truncated,
)
from llmkit.providers.faults import ToldInStream, name_raised, name_told, told


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.2"}, 1),
        ({"retry-after-ms": "1500"}, 2),
        ({"retry-after": "-4"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)
def test_reads_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    assert told(429, headers, None).retry_after == seconds


def test_reads_a_date_to_wait_for() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    found = told(503, {"retry-after": later}, None).retry_after
    assert found is not None
    assert 28 <= found <= 31


@pytest.mark.parametrize("body", [None, "text", {}, {"error": "text"}, {"error": {"type": None}}, ["x"]])
def test_needs_no_body(body: object) -> None:
    assert isinstance(name_told("m", told(500, {}, body)), Overloaded)
    assert isinstance(name_told("m", told(400, {}, body)), Refused)


def test_passes_on_how_long_to_wait() -> None:
    error = name_told("m", told(429, {"retry-after": "9"}, {"error": {"message": "slow down"}}))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 9
    assert "slow down" not in error.detail


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (httpx2.ConnectError("x"), Overloaded),
        (httpx2.ConnectTimeout("x"), TimedOut),
        (httpx2.ReadTimeout("x"), TimedOut),
        (TimeoutError(), TimedOut),
        (httpx2.ReadError("x"), Truncated),
        (httpx2.RemoteProtocolError("x"), Truncated),
        (ConnectionResetError(), Truncated),
        (msgspec.DecodeError("x"), Malformed),
        (httpx2.DecodingError("x"), Malformed),
        (AttributeError("x"), Malformed),
    ],
)
def test_names_what_is_raised(raised: Exception, error: type[ModelError]) -> None:
    named = name_raised("m", raised)
    assert type(named) is error
    assert named.detail.endswith(".")


def test_leaves_our_own_errors_alone() -> None:
    error = Refused("no")
    assert name_raised("m", error) is error


@pytest.mark.parametrize(
    ("told_inside", "error"),
    [
        ({"code": 429, "message": "slow down"}, RateLimited),
        ({"code": "429"}, RateLimited),
        ({"code": 401}, AuthenticationFailed),
        ({"code": 403}, AuthenticationFailed),
        ({"code": 402, "message": "credits"}, ModelError),
        ({"code": 404}, ModelError),
        ({"code": 408}, TimedOut),
        ({"code": 400, "message": "maximum context length is 8"}, ContextTooLong),
        ({"code": 400, "message": "what?"}, Refused),
        ({"code": 502}, Overloaded),
        ({"code": 1301}, Overloaded),
        ({"type": "rate_limit_error", "code": None}, RateLimited),
        ("it broke", Overloaded),
    ],
)
def test_reads_a_status_that_stands_inside_a_body(told_inside: object, error: type[ModelError]) -> None:
    assert type(name_raised("m", ToldInStream(told_inside))) is error
