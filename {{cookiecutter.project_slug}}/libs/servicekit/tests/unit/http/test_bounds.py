"""What the edge allows a request at most: bytes of its body and head, time, and others beside it."""

import asyncio
from typing import Annotated

import pytest
from fastapi import APIRouter, Body
from starlette.types import ASGIApp, Receive, Scope, Send


async def test_refuses_a_body_whose_length_is_over_the_limit_without_reading_it(make_app, http) -> None:
    app = make_app(raw=[http.raw("/x", http.constant())], http__max_body_bytes=10)

    answer = await http.call(app, "POST", "/x", body=b"x" * 11)
    allowed = await http.call(app, "POST", "/x", body=b"x" * 10)

    assert (answer.status, answer.json()["code"]) == (413, "payload_too_large")
    assert answer.headers["connection"] == "close"
    assert allowed.status == 200


async def test_refuses_a_streamed_body_as_soon_as_it_is_over_the_limit(make_app, http) -> None:
    app = make_app(raw=[http.raw("/x", http.constant())], http__max_body_bytes=10)

    answer = await http.call(app, "POST", "/x", body=[b"12345", b"67890", b"1", b"never read"])

    assert (answer.status, answer.json()["code"]) == (413, "payload_too_large")


async def test_refuses_a_streamed_body_over_the_limit_in_a_fastapi_route(make_app, http) -> None:
    router = APIRouter()

    @router.post("/x")
    async def endpoint(payload: Annotated[dict[str, str], Body()]) -> None: ...

    app = make_app(router=router, http__max_body_bytes=10)
    answer = await http.call(
        app, "POST", "/x", headers={"content-type": "application/json"}, body=[b'{"a":"' * 2, b"x"]
    )
    form = await http.call(app, "POST", "/x", headers={"content-type": "text/plain"}, body=[b"12345678", b"90123"])

    assert (answer.status, form.status) == (413, 413)
    assert form.json()["code"] == "payload_too_large"


async def test_a_body_over_the_limit_is_413_whatever_the_application_makes_of_the_error(make_app, http) -> None:
    async def wrap(_scope: Scope, receive: Receive, _send: Send) -> None:
        try:
            await receive()
        except Exception as error:
            raise RuntimeError from error

    answer = await http.call(make_app(raw=[http.raw("/x", wrap)], http__max_body_bytes=1), "POST", "/x", body=[b"xx"])

    assert answer.status == 413


async def test_a_route_may_take_larger_bodies(make_app, http) -> None:
    app = make_app(
        raw=[http.raw("/big/{id}", http.constant()), http.raw("/small", http.constant())],
        http__max_body_bytes=10,
        body_limits={"POST /big/{id}": 20},
    )

    taken = await http.call(app, "POST", "/big/1", body=b"x" * 20)
    streamed = await http.call(app, "POST", "/big/1", body=[b"x" * 15, b"x" * 5])
    too_big = await http.call(app, "POST", "/big/1", body=b"x" * 21)
    too_long = await http.call(app, "POST", "/big/1", body=[b"x" * 15, b"x" * 6])
    elsewhere = await http.call(app, "POST", "/small", body=b"x" * 20)

    assert [a.status for a in (taken, streamed, too_big, too_long, elsewhere)] == [200, 200, 413, 413, 413]


async def test_a_body_limit_for_no_route_is_a_mistake(make_app) -> None:
    with pytest.raises(ValueError, match="POST /typo"):
        make_app(body_limits={"POST /typo": 1})


@pytest.mark.parametrize(
    ("length", "status"), [("-1", 400), ("1e3", 400), ("٣", 400), ("9" * 5000, 400), ("9" * 18, 413), ("0", 200)]
)
async def test_refuses_a_content_length_that_is_no_number(make_app, http, length: str, status: int) -> None:
    app = make_app(raw=[http.raw("/x", http.constant())])

    answer = await http.call(app, "POST", "/x", headers=[("content-length", length.encode().decode("latin-1"))])

    assert answer.status == status


async def test_refuses_large_heads(make_app, http) -> None:
    app = make_app(raw=[http.raw("/x", http.constant())], http__max_header_bytes=1000)

    one = await http.call(app, "POST", "/x", headers={"x-a": "x" * 1000})
    many = await http.call(app, "POST", "/x", headers={f"x-{i}": "y" * 10 for i in range(100)})
    query = await http.call(app, "POST", "/x", query=b"x" * 1000)
    fine = await http.call(app, "POST", "/x", headers={"x-a": "x" * 900})

    assert [a.status for a in (one, many, query, fine)] == [431, 431, 431, 200]
    assert one.headers["connection"] == "close"


@pytest.mark.parametrize(("path", "query"), [("/x\0y", b""), ("/x", b"q=a%00b")])
async def test_refuses_null_characters_in_path_and_query(make_app, http, path: str, query: bytes) -> None:
    answer = await http.call(make_app(raw=[http.raw("/{any}", http.constant())]), "POST", path, query=query)

    assert (answer.status, answer.json()["code"]) == (400, "null_character")


async def test_answers_503_when_the_deadline_passes(make_app, http, output) -> None:
    app = make_app(raw=[http.raw("/x", http.hang)], http__request_timeout_seconds=0.05)

    answer = await http.call(app, "POST", "/x")

    assert (answer.status, answer.json()["code"]) == (503, "deadline_exceeded")
    assert answer.headers["retry-after"] == "1"
    assert output.requests[0]["outcome"] == "deadline_exceeded"


async def test_a_route_may_take_longer_than_others(make_app, http) -> None:
    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.06)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    app = make_app(
        raw=[http.raw("/slow", slow), http.raw("/never/{id}", http.hang)],
        deadlines={"POST /slow": 5, "POST /never/{id}": 0.05},
        http__request_timeout_seconds=0.02,
    )

    assert (await http.call(app, "POST", "/slow")).status == 200
    never = await http.call(app, "POST", "/never/7")
    assert (never.status, never.json()["code"]) == (503, "deadline_exceeded")
    assert "0.05" in str(never.json()["detail"])


async def test_a_deadline_for_no_route_is_a_mistake(make_app) -> None:
    with pytest.raises(ValueError, match="POST /typo"):
        make_app(deadlines={"POST /typo": 1})


async def swallow(_scope: Scope, _receive: Receive, send: Send) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


async def misread(_scope: Scope, _receive: Receive, _send: Send) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise RuntimeError from None


@pytest.mark.parametrize("endpoint", [swallow, misread])
async def test_the_deadline_holds_whatever_the_application_makes_of_it(endpoint: ASGIApp, make_app, http) -> None:
    app = make_app(raw=[http.raw("/x", endpoint)], http__request_timeout_seconds=0.02)

    answer = await http.call(app, "POST", "/x")

    assert (answer.status, answer.json()["code"]) == (503, "deadline_exceeded")
    assert len(answer.messages) == 2


async def test_the_deadline_lets_streams_go_on_and_bodies_arrive(make_app, http) -> None:
    async def slow_upload(scope, receive, send) -> None:
        for _ in range(4):
            await receive()
            await asyncio.sleep(0.2)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3):
            await asyncio.sleep(0.2)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body"})

    app = make_app(raw=[http.raw("/x", slow_upload)], http__request_timeout_seconds=0.7)

    answer = await http.call(app, "POST", "/x", body=[b"a", b"b", b"c", b"d"])

    assert (answer.status, answer.body, answer.complete) == (200, b"xxx", True)
