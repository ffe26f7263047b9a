"""What the edge promises for every request, whatever the application does."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from fastapi import APIRouter, Body, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from prometheus_client import generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.context import current_request
from servicekit.http.routes import RawRoute
from servicekit.problems import Conflict


class Busy(Conflict):
    code = "busy"
    hint = "Wait."


async def refuse(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise Busy("It is busy.")


async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ZeroDivisionError("secret=canary-in-exception")


async def fail_midway(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise ZeroDivisionError


async def hang(_scope: Scope, receive: Receive, _send: Send) -> None:
    await receive()
    await asyncio.Event().wait()


async def forget(_scope: Scope, _receive: Receive, _send: Send) -> None:
    return


def raw(path: str, endpoint: ASGIApp, method: str = "POST") -> RawRoute:
    return RawRoute(path, method, endpoint)


async def test_answers_a_raw_route_with_identity_and_security_headers(make_app, http, output) -> None:
    app = make_app(raw=[raw("/v1/items/{name}", http.constant())])

    answer = await http.call(app, "POST", "/v1/items/a", body=b"{}")

    assert (answer.status, answer.body, answer.complete) == (200, b'{"ok":true}', True)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers


async def test_gives_raw_routes_their_path_parameters(make_app, http) -> None:
    seen = []

    async def endpoint(scope, receive, send) -> None:
        seen.append(scope["path_params"])
        await http.constant()(scope, receive, send)

    app = make_app(raw=[raw("/v1/{model}/rows/{row}", endpoint)])

    await http.call(app, "POST", "/v1/iris/rows/7")
    missed = await http.call(app, "POST", "/v1/iris/rows/7/8")

    assert seen == [{"model": "iris", "row": "7"}]
    assert missed.status == 404


async def test_keeps_headers_that_the_application_sets_itself(make_app, http) -> None:
    router = APIRouter()

    @router.get("/cached")
    async def cached() -> StreamingResponse:
        return StreamingResponse(iter([b"x"]), headers={"Cache-Control": "max-age=60"})

    answer = await http.call(make_app(router=router), "GET", "/cached")

    assert answer.headers["cache-control"] == "max-age=60"


@pytest.mark.parametrize("given", ["abc-123", "A_b.c-" + "x" * 122])
async def test_takes_over_a_harmless_request_id(make_app, http, output, given: str) -> None:
    answer = await http.call(make_app(raw=[raw("/x", http.constant())]), "POST", "/x", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] == given
    assert output.requests[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, 'a"}\n{"forged":1', "a b", "ünï", "\x1b[31m"])
async def test_replaces_a_request_id_that_could_harm_a_log(make_app, http, output, given: str) -> None:
    answer = await http.call(make_app(raw=[raw("/x", http.constant())]), "POST", "/x", headers={"X-Request-ID": given})

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert output.requests[0]["request_id"] == answer.headers["x-request-id"]


async def test_answers_a_problem_of_a_raw_route(make_app, http) -> None:
    answer = await http.call(make_app(raw=[raw("/x", refuse)]), "POST", "/x")

    assert answer.status == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank", "title": "Conflict", "status": 409, "detail": "It is busy.", "instance": "/x",
        "code": "busy", "hint": "Wait.", "request_id": answer.headers["x-request-id"],
    }  # fmt: skip


async def test_hides_the_reason_of_a_defect_and_logs_it(make_app, http, output) -> None:
    answer = await http.call(make_app(raw=[raw("/x", fail)]), "POST", "/x")

    assert (answer.status, answer.json()["code"]) == (500, "internal_error")
    assert b"Zero" not in answer.body
    assert output.requests[0]["status"] == 500


async def test_hides_the_reason_of_a_defect_in_a_fastapi_route(make_app, http, caplog) -> None:
    router = APIRouter()

    @router.get("/x")
    async def endpoint() -> None:
        raise ZeroDivisionError("detail")

    answer = await http.call(make_app(router=router), "GET", "/x")

    assert (answer.status, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"detail" in answer.body  # the member of that name
    assert b"ZeroDivisionError" not in answer.body


async def test_ends_an_answer_short_when_it_fails_midway(make_app, http, output) -> None:
    answer = await http.call(make_app(raw=[raw("/x", fail_midway)]), "POST", "/x")

    assert (answer.status, answer.body, answer.complete) == (200, b"half", False)
    assert output.requests[0]["outcome"] == "aborted"


async def test_answers_for_an_application_that_forgets_to(make_app, http) -> None:
    answer = await http.call(make_app(raw=[raw("/x", forget)]), "POST", "/x")

    assert answer.status == 500


async def test_refuses_a_body_whose_length_is_over_the_limit_without_reading_it(make_app, http) -> None:
    app = make_app(raw=[raw("/x", http.constant())], http__max_body_bytes=10)

    answer = await http.call(app, "POST", "/x", body=b"x" * 11)
    allowed = await http.call(app, "POST", "/x", body=b"x" * 10)

    assert (answer.status, answer.json()["code"]) == (413, "payload_too_large")
    assert answer.headers["connection"] == "close"
    assert allowed.status == 200


async def test_refuses_a_streamed_body_as_soon_as_it_is_over_the_limit(make_app, http) -> None:
    app = make_app(raw=[raw("/x", http.constant())], http__max_body_bytes=10)

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

    answer = await http.call(make_app(raw=[raw("/x", wrap)], http__max_body_bytes=1), "POST", "/x", body=[b"xx"])

    assert answer.status == 413


async def test_a_route_may_take_larger_bodies(make_app, http) -> None:
    app = make_app(
        raw=[raw("/big/{id}", http.constant()), raw("/small", http.constant())],
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
    app = make_app(raw=[raw("/x", http.constant())])

    answer = await http.call(app, "POST", "/x", headers=[("content-length", length.encode().decode("latin-1"))])

    assert answer.status == status


async def test_refuses_large_heads(make_app, http) -> None:
    app = make_app(raw=[raw("/x", http.constant())], http__max_header_bytes=1000)

    one = await http.call(app, "POST", "/x", headers={"x-a": "x" * 1000})
    many = await http.call(app, "POST", "/x", headers={f"x-{i}": "y" * 10 for i in range(100)})
    query = await http.call(app, "POST", "/x", query=b"x" * 1000)
    fine = await http.call(app, "POST", "/x", headers={"x-a": "x" * 900})

    assert [a.status for a in (one, many, query, fine)] == [431, 431, 431, 200]
    assert one.headers["connection"] == "close"


@pytest.mark.parametrize(("path", "query"), [("/x\0y", b""), ("/x", b"q=a%00b")])
async def test_refuses_null_characters_in_path_and_query(make_app, http, path: str, query: bytes) -> None:
    answer = await http.call(make_app(raw=[raw("/{any}", http.constant())]), "POST", path, query=query)

    assert (answer.status, answer.json()["code"]) == (400, "null_character")


async def test_answers_503_when_the_deadline_passes(make_app, http, output) -> None:
    app = make_app(raw=[raw("/x", hang)], http__request_timeout_seconds=0.05)

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
        raw=[raw("/slow", slow), raw("/never/{id}", hang)],
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
    app = make_app(raw=[raw("/x", endpoint)], http__request_timeout_seconds=0.02)

    answer = await http.call(app, "POST", "/x")

    assert (answer.status, answer.json()["code"]) == (503, "deadline_exceeded")
    assert len(answer.messages) == 2


async def test_the_deadline_lets_streams_go_on_and_bodies_arrive(make_app, http) -> None:
    async def slow_upload(scope, receive, send) -> None:
        for _ in range(4):
            await receive()
            await asyncio.sleep(0.04)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3):
            await asyncio.sleep(0.04)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body"})

    app = make_app(raw=[raw("/x", slow_upload)], http__request_timeout_seconds=0.1)

    answer = await http.call(app, "POST", "/x", body=[b"a", b"b", b"c", b"d"])

    assert (answer.status, answer.body, answer.complete) == (200, b"xxx", True)


async def test_a_cancelled_request_is_told_that_the_service_stops(make_app, http) -> None:
    app = make_app(raw=[raw("/x", hang)])
    sent: list[Message] = []

    async def record() -> None:
        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request"}

        scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": [], "client": None}
        await app(scope, receive, send)

    task = asyncio.create_task(record())
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert sent[0]["status"] == 503
    assert b"shutting_down" in sent[1]["body"]


async def test_sheds_load_above_the_limit_but_answers_probes(make_app, http) -> None:
    app = make_app(raw=[raw("/x", hang)], http__max_concurrency=2)
    busy = [asyncio.create_task(http.call(app, "POST", "/x")) for _ in range(2)]
    await asyncio.sleep(0.01)

    shed = await http.call(app, "POST", "/x")
    probes = [(await http.call(app, "GET", path)).status for path in ("/livez", "/readyz", "/metrics")]
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)

    assert (shed.status, shed.json()["code"], shed.headers["retry-after"]) == (503, "overloaded", "1")
    assert probes == [200, 200, 200]
    assert 'http_requests_rejected_total{reason="overloaded"} 1.0' in metrics_of(app)
    assert "http_requests_in_progress 0.0" in metrics_of(app)


async def test_head_is_answered_like_get_without_a_body(make_app, http, output) -> None:
    answer = await http.call(make_app(), "HEAD", "/version")

    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


async def test_streams_pass_piece_by_piece(make_app, http) -> None:
    router = APIRouter()

    @router.get("/events")
    async def events() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            yield b"data: 2\n\n"

        return StreamingResponse(pieces(), media_type="text/event-stream")

    answer = await http.call(make_app(router=router), "GET", "/events")

    pieces = [message["body"] for message in answer.messages if message.get("body")]
    assert pieces == [b"data: 1\n\n", b"data: 2\n\n"]


async def test_notes_a_client_that_goes_away(make_app, http, output) -> None:
    router = APIRouter()

    @router.post("/x")
    async def endpoint(request: Request) -> None:
        await request.body()

    await http.call(make_app(router=router), "POST", "/x", body=[{"type": "http.disconnect"}])

    assert (output.requests[0]["status"], output.requests[0]["outcome"]) == (499, "disconnected")


async def test_notes_a_client_that_goes_away_in_a_json_body(make_app, http, output) -> None:
    router = APIRouter()

    @router.post("/x")
    async def endpoint(payload: dict[str, str]) -> None: ...

    answer = await http.call(
        make_app(router=router), "POST", "/x", headers={"content-type": "application/json"},
        body=[{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}],
    )  # fmt: skip

    assert answer.status == 0
    assert output.requests[0]["status"] == 499


async def test_counts_and_times_by_route_template(make_app, http) -> None:
    router = APIRouter(prefix="/v1")

    @router.get("/things/{thing}")
    async def thing(thing: str) -> str:
        return thing

    outer = APIRouter(prefix="/outer")
    outer.include_router(router)
    app = make_app(router=outer, raw=[raw("/hot/{name}", http.constant())])

    for path in ("/outer/v1/things/a", "/outer/v1/things/b", "/none"):
        await http.call(app, "GET", path)
    await http.call(app, "POST", "/hot/a")
    await http.call(app, "BREW", "/hot/a")

    text = metrics_of(app)
    assert 'http_requests_total{method="GET",route="/outer/v1/things/{thing}",status="200"} 2.0' in text
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert 'http_requests_total{method="POST",route="/hot/{name}",status="200"} 1.0' in text
    assert 'http_requests_total{method="OTHER",route="/hot/{name}",status="405"} 1.0' in text
    assert 'http_request_duration_seconds_count{method="POST",route="/hot/{name}"} 1.0' in text


async def test_logs_one_line_per_request_without_query_and_probes(make_app, http, output) -> None:
    app = make_app(raw=[raw("/x/{id}", http.constant())])

    await http.call(app, "POST", "/x/1", body=b"12345", query=b"token=canary-query")
    await http.call(app, "GET", "/livez")

    (line,) = output.requests
    assert "canary" not in output.text
    assert line == line | {
        "event": "request", "level": "info", "service": "service", "method": "POST", "path": "/x/1", "route": "/x/{id}",
        "status": 200, "request_bytes": 5, "response_bytes": 11, "client": "192.0.2.7",
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(line["timestamp"]))
    assert "tenant" not in line
    assert 0 < float(str(line["duration_ms"])) < 5000


async def test_the_console_log_cannot_be_forged(make_app, http, output) -> None:
    app = make_app(raw=[raw("/{any}", http.constant())], log__format="console")

    await http.call(app, "POST", "/a\n2026 forged\x1b[31m")

    lines = output.text.splitlines()
    assert len(lines) == 1
    assert "\x1b" not in lines[0]
    assert " 200 POST /a\\n2026 forged\\x1b[31m " in lines[0]


async def test_insists_on_https_where_users_depend_on_it(make_app, http) -> None:
    app = make_app(
        environment="staging", database__url="sqlite+aiosqlite:///x", redis_url="redis://r", auth__development_key=None
    )

    assert (await http.call(app, "GET", "/livez")).headers["strict-transport-security"]


async def test_cors_is_answered_for_listed_origins_only(make_app, http) -> None:
    app = make_app(raw=[raw("/x", http.constant())], http__cors_origins="https://a.example,https://b.example")
    ask = {"access-control-request-method": "POST"}

    preflight = await http.call(app, "OPTIONS", "/x", headers={"origin": "https://b.example"} | ask)
    foreign = await http.call(app, "OPTIONS", "/x", headers={"origin": "https://evil.example"} | ask)
    simple = await http.call(app, "POST", "/x", headers={"origin": "https://a.example"})
    off = await http.call(
        make_app(raw=[raw("/x", http.constant())]), "POST", "/x", headers={"origin": "https://a.example"}
    )

    assert preflight.headers["access-control-allow-origin"] == "https://b.example"
    assert foreign.status == 400
    assert simple.headers["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-origin" not in off.headers


async def test_detaches_its_context_from_the_caller(make_app, http) -> None:
    await http.call(make_app(), "GET", "/livez", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})

    assert current_request() is None


async def test_a_websocket_passes_and_a_problem_closes_it(make_app) -> None:
    router = APIRouter()

    @router.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text((await websocket.receive_text()).upper())
        raise Busy("Enough.")

    sent = await websocket(make_app(router=router), "/echo", "hallo")

    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert (sent[1]["text"], sent[2]["reason"]) == ("HALLO", "busy")


async def test_websockets_count_against_the_concurrency(make_app, http) -> None:
    app = make_app(raw=[raw("/x", hang)], http__max_concurrency=1)
    busy = asyncio.create_task(http.call(app, "POST", "/x"))
    await asyncio.sleep(0.01)

    sent = await websocket(app, "/echo", "x")
    busy.cancel()
    await asyncio.gather(busy, return_exceptions=True)

    assert sent == [{"type": "websocket.close", "code": 1013}]


async def websocket(app: ASGIApp, path: str, text: str) -> list[Message]:
    incoming = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": text}]
    sent: list[Message] = []

    async def receive() -> Message:
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "subprotocols": [], "root_path": "", "scheme": "ws", "client": None, "server": None, "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


def metrics_of(app: FastAPI) -> str:
    return generate_latest(app.state.kit.metrics).decode()
