"""A real process under uvicorn: limits of the protocol, streams, and how it leaves."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable

import httpx2
import pytest
from websockets.sync.client import connect

KEY = {"X-API-Key": "dev-key-of-the-sample"}


def talk(port: int, *pieces: bytes, pause: float = 0) -> bytes:
    """Send pieces over one connection and return everything that comes back until it is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass
        return answer


@pytest.fixture(scope="module")
def server(start):
    return start(HTTP__MAX_BODY_BYTES="1000", HTTP__MAX_HEADER_BYTES="2000")


def test_the_protocol_bounds_bodies_and_heads(server) -> None:
    port = server.port

    chunk = b"190\r\n" + b"x" * 400 + b"\r\n"
    head = b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    too_long = talk(port, head, chunk, chunk, chunk, chunk, pause=0.05)
    fits = talk(port, head.replace(b"Host: a", b"Host: a\r\nConnection: close"), chunk, chunk, b"0\r\n\r\n")
    large_head = talk(port, b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 3000 + b"\r\n\r\n")
    endless_head = talk(port, b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: ", *[b"a" * 1000] * 200)
    nonsense = talk(port, b"\x16\x03\x01 nonsense\r\n\r\n")

    assert too_long.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in too_long.lower()
    assert b"payload_too_large" in too_long
    assert fits.startswith(b"HTTP/1.1 200")
    assert fits.endswith(b"800")
    for answer in (large_head, endless_head):
        assert answer.startswith(b"HTTP/1.1 431")
        content = answer.split(b"\r\n\r\n", 1)[1]
        assert json.loads(content)["code"] == "header_fields_too_large"
        assert b"content-length: %d\r\n" % len(content) in answer
    assert nonsense.startswith(b"HTTP/1.1 400")


def test_keeps_a_connection_for_many_requests(server) -> None:
    request = b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n" + b"x" * 900
    last = request.replace(b"Host: a", b"Host: a\r\nConnection: close")

    assert talk(server.port, *[request] * 20, last).count(b"HTTP/1.1 200") == 21


def test_says_nothing_about_what_it_is_made_of(server) -> None:
    headers = server.client.get("/livez").headers

    assert "server" not in headers
    assert headers["x-content-type-options"] == "nosniff"


def test_each_request_is_one_json_line_and_nothing_else_leaves_the_process(start) -> None:
    server = start()
    proxied = KEY | {"X-Forwarded-For": "203.0.113.9"}
    assert server.client.get("/things/1", headers=proxied).status_code == 200
    assert server.client.get("/things/2", headers=KEY).json()["code"] == "thing_not_found"
    assert server.client.get("/things/1").status_code == 401
    assert server.client.head("/things/1", headers=KEY).content == b""
    assert server.client.get("/headers").json() == {}
    assert server.stop() == 0

    lines = [json.loads(line) for line in server.output.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["status"], line.get("tenant"), line["client"]) for line in requests] == [
        (200, "development", "203.0.113.9"),
        (404, "development", "127.0.0.1"),
        (401, None, "127.0.0.1"),
        (200, "development", "127.0.0.1"),
        (200, None, "127.0.0.1"),
    ]
    assert all(line["service"] == "sample" for line in lines)
    assert not any("trace_id" in line for line in lines)


def test_websockets_and_streams_pass(server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/echo") as websocket:
        websocket.send("hallo")
        assert websocket.recv(timeout=5) == "hallo"
    with server.client.stream("GET", "/events") as response:
        events = response.iter_bytes()
        assert [next(events) for _ in range(3)] == [b"data: tick\n\n"] * 3


def test_sigterm_turns_readiness_off_at_once_and_takes_requests_while_draining(start) -> None:
    server = start(HTTP__DRAIN_SECONDS="1.5", HTTP__SHUTDOWN_SECONDS="5")
    slow = Call(lambda: server.client.get("/slow", params={"seconds": 2.5}))
    time.sleep(0.3)
    stopped_at = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)

    with httpx2.Client(base_url=server.url, trust_env=False) as client:
        ready = client.get("/readyz")
        while_draining = client.get("/things/1", headers=KEY)
        lives = client.get("/livez")

    assert (ready.status_code, ready.json()["status"]) == (503, "draining")
    assert (while_draining.status_code, lives.status_code) == (200, 200)
    assert slow.result().text == '"done"'
    assert server.process.wait(30) == 0
    assert time.monotonic() - stopped_at > 1.5


def test_what_is_open_after_the_shutdown_time_is_cut(start) -> None:
    server = start(HTTP__SHUTDOWN_SECONDS="1")
    slow = Call(lambda: httpx2.get(f"{server.url}/slow", params={"seconds": 60}, timeout=30, trust_env=False))
    with server.client.stream("GET", "/events") as response:
        events = response.iter_bytes()
        next(events)
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(httpx2.TransportError):
            for _ in events:
                pass

    assert (slow.result().status_code, slow.result().json()["code"]) == (503, "shutting_down")
    assert server.process.wait(30) == 0


def test_ctrl_c_ends_without_draining(start) -> None:
    server = start(HTTP__DRAIN_SECONDS="60")
    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(30) == 0


def test_wrong_settings_are_one_line_and_exit_code_78(start) -> None:
    server = start(wait=False, HTTP__PORT="many")

    assert server.process.wait(60) == 78
    assert server.output == (
        "Settings refused: HTTP__PORT: Input should be a valid integer, unable to parse string as an integer\n"
    )


def test_a_port_in_use_is_said_and_an_error(start, server) -> None:
    second = start(wait=False, HTTP__PORT=str(server.port))

    assert second.process.wait(60) != 0
    assert "address already in use" in second.output


class Call:
    """A request in a thread."""

    def __init__(self, call: Callable[[], httpx2.Response]) -> None:
        self._result: httpx2.Response | None = None

        def run() -> None:
            self._result = call()

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def result(self) -> httpx2.Response:
        self._thread.join(40)
        assert self._result is not None
        return self._result
