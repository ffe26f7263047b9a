"""What the edge promises for every request, whatever the application does."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from prometheus_client import generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.context import current_request
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


async def forget(_scope: Scope, _receive: Receive, _send: Send) -> None:
    return


async def test_answers_a_raw_route_with_identity_and_security_headers(make_app, http, output) -> None:
    app = make_app(raw=[http.raw("/v1/items/{name}", http.constant())])

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

    app = make_app(raw=[http.raw("/v1/{model}/rows/{row}", endpoint)])

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
    answer = await http.call(
        make_app(raw=[http.raw("/x", http.constant())]), "POST", "/x", headers={"X-Request-ID": given}
    )

    assert answer.headers["x-request-id"] == given
    assert output.requests[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, 'a"}\n{"forged":1', "a b", "ünï", "\x1b[31m"])
async def test_replaces_a_request_id_that_could_harm_a_log(make_app, http, output, given: str) -> None:
    answer = await http.call(
        make_app(raw=[http.raw("/x", http.constant())]), "POST", "/x", headers={"X-Request-ID": given}
    )

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert output.requests[0]["request_id"] == answer.headers["x-request-id"]


async def test_answers_a_problem_of_a_raw_route(make_app, http) -> None:
    answer = await http.call(make_app(raw=[http.raw("/x", refuse)]), "POST", "/x")

    assert answer.status == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank", "title": "Conflict", "status": 409, "detail": "It is busy.", "instance": "/x",
        "code": "busy", "hint": "Wait.", "request_id": answer.headers["x-request-id"],
    }  # fmt: skip


async def test_hides_the_reason_of_a_defect_and_logs_it(make_app, http, output) -> None:
    answer = await http.call(make_app(raw=[http.raw("/x", fail)]), "POST", "/x")

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
    answer = await http.call(make_app(raw=[http.raw("/x", fail_midway)]), "POST", "/x")

    assert (answer.status, answer.body, answer.complete) == (200, b"half", False)
    assert output.requests[0]["outcome"] == "aborted"


async def test_answers_for_an_application_that_forgets_to(make_app, http) -> None:
    answer = await http.call(make_app(raw=[http.raw("/x", forget)]), "POST", "/x")

    assert answer.status == 500


async def test_a_cancelled_request_is_told_that_the_service_stops(make_app, http) -> None:
    app = make_app(raw=[http.raw("/x", http.hang)])
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
    app = make_app(raw=[http.raw("/x", http.hang)], http__max_concurrency=2)
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
    app = make_app(router=outer, raw=[http.raw("/hot/{name}", http.constant())])

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
    app = make_app(raw=[http.raw("/x/{id}", http.constant())])

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
    app = make_app(raw=[http.raw("/{any}", http.constant())], log__format="console")

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
    app = make_app(raw=[http.raw("/x", http.constant())], http__cors_origins="https://a.example,https://b.example")
    ask = {"access-control-request-method": "POST"}

    preflight = await http.call(app, "OPTIONS", "/x", headers={"origin": "https://b.example"} | ask)
    foreign = await http.call(app, "OPTIONS", "/x", headers={"origin": "https://evil.example"} | ask)
    simple = await http.call(app, "POST", "/x", headers={"origin": "https://a.example"})
    off = await http.call(
        make_app(raw=[http.raw("/x", http.constant())]), "POST", "/x", headers={"origin": "https://a.example"}
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
    app = make_app(raw=[http.raw("/x", http.hang)], http__max_concurrency=1)
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
