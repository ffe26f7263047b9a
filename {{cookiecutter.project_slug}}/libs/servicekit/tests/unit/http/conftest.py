"""A small application behind the real edge, and a way to speak ASGI to it message by message."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message

from servicekit.app import create_app
from servicekit.auth.authenticator import Authenticator
from servicekit.auth.memory import MemoryApiKeyStore
from servicekit.database import Database
from servicekit.http.health import Health
from servicekit.http.routes import RawRoute
from servicekit.jobs import JobCatalog, JobService
from servicekit.jobs.publisher import MemoryPublisher
from servicekit.kit import Kit
from servicekit.limits.limiter import RateLimiter
from servicekit.limits.metrics import LimiterMetrics
from servicekit.settings import ServiceSettings
from servicekit.storage import make_storage
from servicekit.telemetry import setup
from servicekit.telemetry.writer import LineWriter
from servicekit.testkit.settings import make_settings

KEY = "dev-canary-5f2d"
JSON = {"content-type": "application/json"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool
    messages: list[Message] = field(repr=False)

    def json(self) -> dict[str, object]:
        return json.loads(self.body)


async def call(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | Sequence[tuple[str, str]] = (),
    body: bytes | Sequence[bytes | Message] = b"",
    query: bytes = b"",
) -> Answer:
    """Send one request; a body given in parts arrives part by part, and a part may be any ASGI message."""
    parts = [body] if isinstance(body, bytes) else list(body)
    pending: list[Message] = [
        part if isinstance(part, dict) else {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]
    sent: list[Message] = []
    answered = asyncio.Event()

    async def receive() -> Message:
        if pending:
            return pending.pop(0)
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    pairs = headers.items() if isinstance(headers, dict) else headers
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
    if isinstance(body, bytes) and body:
        encoded.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query, "root_path": "",
        "headers": encoded, "client": ("192.0.2.7", 4711), "server": ("test", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    start = next((message for message in sent if message["type"] == "http.response.start"), None)
    bodies = [message for message in sent if message["type"] == "http.response.body"]
    return Answer(
        status=start["status"] if start else 0,
        headers={name.decode(): value.decode() for name, value in start["headers"]} if start else {},
        body=b"".join(message.get("body", b"") for message in bodies),
        complete=bool(bodies) and not bodies[-1].get("more_body", False),
        messages=sent,
    )


class Output:
    """The log lines that the process has written."""

    def __init__(self, writer: LineWriter, path: Path) -> None:
        self._writer = writer
        self._path = path

    @property
    def text(self) -> str:
        self._writer.close()
        return self._path.read_text()

    @property
    def requests(self) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["event"] == "request"]


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    """Redirect the process's log writer into a file."""
    path = tmp_path / "output.log"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    writer = LineWriter(descriptor)
    monkeypatch.setattr(setup, "_writers", [writer])
    yield Output(writer, path)
    writer.close()
    os.close(descriptor)


MakeKit = Callable[..., Kit]


@pytest.fixture
def make_kit(tmp_path: Path, output: Output) -> MakeKit:
    """Make a kit whose database and storage are never used."""

    def make(**overrides: object) -> Kit:
        settings = make_settings(ServiceSettings, tmp_path, **{"auth__development_key": KEY, **overrides})
        registry = CollectorRegistry()
        database = Database.from_settings(settings)
        return Kit(
            settings=settings,
            version="1.2.3",
            database=database,
            redis=None,
            storage=make_storage(settings),
            jobs=JobService(JobCatalog("test"), database, MemoryPublisher()),
            authenticator=Authenticator(MemoryApiKeyStore(), development_key=KEY),
            limiter=RateLimiter(None, LimiterMetrics(registry, "local")),
            health=Health(cache_seconds=0),
            metrics=registry,
        )

    return make


MakeApp = Callable[..., FastAPI]


@pytest.fixture
def make_app(make_kit: MakeKit) -> MakeApp:
    """Make an application of these routes with these settings."""

    def make(
        *,
        router: APIRouter | None = None,
        raw: Sequence[RawRoute] = (),
        body_limits: dict[str, int] | None = None,
        deadlines: dict[str, float] | None = None,
        **overrides: object,
    ) -> FastAPI:
        kit = make_kit(**overrides)
        return create_app(
            kit,
            title="Test",
            routers=[router] if router else [],
            raw_routes=raw,
            body_limits=body_limits,
            deadlines=deadlines,
        )

    return make


def constant(body: bytes = b'{"ok":true}') -> ASGIApp:
    """A raw endpoint that reads the body and answers the same always."""

    async def endpoint(_scope: object, receive: Callable[[], object], send: Callable[[Message], object]) -> None:
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return endpoint


async def hang(_scope: object, receive: Callable[[], object], _send: object) -> None:
    """A raw endpoint that never answers."""
    await receive()
    await asyncio.Event().wait()


def raw(path: str, endpoint: ASGIApp, method: str = "POST") -> RawRoute:
    return RawRoute(path, method, endpoint)


class Http:
    """What speaks to an application and what answers, for tests to use without importing from a conftest."""

    key = KEY
    json = JSON
    call = staticmethod(call)
    constant = staticmethod(constant)
    hang = staticmethod(hang)
    raw = staticmethod(raw)


@pytest.fixture
def http() -> type[Http]:
    return Http
