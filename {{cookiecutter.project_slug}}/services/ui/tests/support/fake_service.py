"""A service that listens on a real port of this machine and answers as a test wants."""

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from contract import Contract

KEY = "pk_test_ui"
REFUSED = 400
EVENT = re.compile(r"event: (?P<name>\w+)\ndata: (?P<data>.*)\n\n")
Json: TypeAlias = Any
"""What came or goes as JSON; tests read it as they expect it."""


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return json.loads(self.body) if self.body else None

    def form(self) -> tuple[list[tuple[str, bytes]], dict[str, str]]:
        """Return the files and the fields of a multipart body."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        files, fields = [], {}
        for part in BytesParser().parsebytes(head + self.body).get_payload():
            content = part.get_payload(decode=True)
            name = part.get_param("name", header="content-disposition")
            if part.get_filename():
                files.append((part.get_filename(), content))
            else:
                fields[name] = content.decode()
        return files, fields


@dataclass(frozen=True)
class Response:
    """What goes out. Chunks are sent one by one, as they come."""

    status: int = 200
    body: Json = None
    media_type: str = "application/json"
    chunks: Iterable[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def problem(status: int, code: str, detail: str, hint: str | None = None, **more: Json) -> Response:
    document = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    document |= {"request_id": "req-42", **({"hint": hint} if hint else {}), **more}
    return Response(status, document, "application/problem+json")


def event(name: str, data: Json) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


Answer = Callable[..., Json]


class FakeService:
    """Routes are `("GET", "/v1/things/{id}")`; what a route returns is a `Response` or JSON.

    With a contract, whatever the real service would not be asked or not answer is collected in `complaints`.
    """

    def __init__(self, contract: Contract | None = None) -> None:
        self._contract = contract
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        self._routes: list[tuple[str, re.Pattern[str], Answer]] = []
        self._faults: list[tuple[str, re.Pattern[str], Response]] = []
        self.url = ""
        self.refusing = False  # whether connections are dropped without a word
        self.add("GET", "/livez", lambda _: {"status": "alive"}, open_to_all=True)

    def add(self, method: str, path: str, answer: Answer, *, open_to_all: bool = False) -> None:
        """Answer a path; `{name}` in it becomes an argument."""
        pattern = re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")
        self._routes.append((method, pattern, answer if open_to_all else _guarded(answer)))

    def fail(self, method: str, path: str, response: Response) -> None:
        """Let every later request to a path go wrong, until `heal`."""
        self._faults.append((method, re.compile(path), response))

    def heal(self) -> None:
        self._faults.clear()

    def asked(self, method: str, path: str) -> list[Request]:
        """Return the requests that came to a path."""
        return [one for one in self.requests if one.method == method and re.fullmatch(path, one.path)]

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        for method, pattern, response in self._faults:
            if method == request.method and pattern.fullmatch(request.path):
                return response
        for method, pattern, answer in self._routes:
            if method == request.method and (found := pattern.match(request.path)):
                given = answer(request, **{name: unquote(value) for name, value in found.groupdict().items()})
                response = given if isinstance(given, Response) else Response(body=given)
                self._compare(request, response)
                return self._listening(request, response)
        return problem(404, "not_found", f"There is no {request.path}.")

    def _compare(self, request: Request, response: Response) -> None:
        """Compare with the contract, except for refusals, which all services word alike."""
        if self._contract is None or not request.path.startswith("/v1/") or response.status >= REFUSED:
            return
        sent = request.json if request.headers.get("content-type", "").startswith("application/json") else None
        told = json.loads(json.dumps(response.body)) if response.media_type == "application/json" else None
        body = None if response.chunks is not None else told
        self.complaints += self._contract.complaints(request.method, request.path, sent, response.status, body)

    def _listening(self, request: Request, response: Response) -> Response:
        """Compare events too, as they go out."""
        if self._contract is None or response.chunks is None:
            return response
        return replace(response, chunks=self._compared(request, response.chunks))

    def _compared(self, request: Request, chunks: Iterable[bytes]) -> Iterator[bytes]:
        with closing(iter(chunks)) as frames:  # type: ignore[type-var]  # the fakes give generators
            for frame in frames:
                if found := EVENT.fullmatch(frame.decode()):
                    data = json.loads(found["data"])
                    self.complaints += self._contract.event_complaints(
                        request.method, request.path, found["name"], data
                    )
                yield frame

    @contextmanager
    def running(self, port: int = 0) -> Iterator["FakeService"]:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)


def _guarded(answer: Answer) -> Answer:
    def guarded(request: Request, **arguments: str) -> Json:
        if request.headers.get("x-api-key") != KEY:
            return problem(401, "unauthorized", "There is no valid key.", "Send X-API-Key.")
        return answer(request, **arguments)

    return guarded


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            if service.refusing:
                self.close_connection = True
                return
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
            self._send(service.answer(request))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do  # noqa: N815 - names of http.server

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            for name, value in {"Content-Type": response.media_type, **response.headers}.items():
                self.send_header(name, value)
            if response.chunks is not None:
                self._stream(response.chunks)
                return
            body = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
            body = b"" if response.status == 204 else body
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, chunks: Iterable[bytes]) -> None:
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for chunk in chunks:
                    self.wfile.write(chunk)
                    self.wfile.flush()
            except OSError:
                pass  # the reader has gone, which a test may want
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler
