"""Answers while they are made: server-sent events, and what becomes of them when the client goes away.

A stream ends with exactly one `answer` or `error` event, also when this process is told to stop. While nothing happens,
comments keep proxies from closing it.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import TypeAlias, TypeVar

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rag.answering.events import Answered, AnswerEvent, Failed, Sources, Token
from rag.answering.schemas import SourcesDocument, WithheldDocument
from rag.retrieval.schemas import PassageDocument
from servicekit.database.errors import UNREACHABLE, DatabaseUnavailable
from servicekit.http.refusals import InternalError, ShuttingDown
from servicekit.problems import Problem, render
from servicekit.telemetry import report_error

T = TypeVar("T")
Events: TypeAlias = AsyncGenerator[AnswerEvent]
Frames: TypeAlias = AsyncGenerator[bytes]
OnError: TypeAlias = Callable[[Problem], bytes]

KEEP_ALIVE = b": keep-alive\n\n"
HEADERS = {"X-Accel-Buffering": "no"}
"""Nginx would collect the events otherwise. That nothing is cached the edge says already."""
MEDIA_TYPE = "text/event-stream"
_log = structlog.get_logger(__name__)


def named(event: AnswerEvent, path: str) -> tuple[str, str]:
    """Return an event's name and its data as JSON."""
    if isinstance(event, Token):
        return "token", json.dumps({"text": event.text}, ensure_ascii=False)
    if isinstance(event, Sources):
        items = [PassageDocument.of(passage) for passage in event.passages]
        withheld = [WithheldDocument.of(each) for each in event.withheld]
        return "sources", SourcesDocument(items=items, withheld=withheld).model_dump_json()
    if isinstance(event, Answered):
        return "answer", event.answer.model_dump_json()
    return "error", render(event.problem, path).decode()


def frame(name: str, data: str) -> bytes:
    """Return one server-sent event; JSON has no line breaks."""
    return f"event: {name}\ndata: {data}\n\n".encode()


def as_problem(error: Exception) -> Problem:
    """Return what a client is told of an error; unexpected ones are logged and reported."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, UNREACHABLE):
        _log.warning("database_unavailable", reason=f"{type(error).__name__}: {error}")
        return DatabaseUnavailable()
    _log.error("ask.failed", exc_info=error)
    report_error(error)
    return InternalError()


async def primed(events: Events) -> Events:
    """Wait for the first event, so that what fails before it is a plain HTTP error.

    Raises:
        Problem: there will be no answer.
    """
    first = await anext(events)
    if isinstance(first, Failed):
        await events.aclose()
        raise first.problem
    return _after(first, events)


async def _after(first: AnswerEvent, events: Events) -> Events:
    async with aclosing(events):
        yield first
        async for event in events:
            yield event


async def event_frames(events: Events, path: str) -> Frames:
    """Write events as server-sent events."""
    async with aclosing(events):
        async for event in events:
            yield frame(*named(event, path))


class EventStream(Response):
    """A response whose body is written by a generator of frames, which is closed when the client goes away."""

    media_type = MEDIA_TYPE

    def __init__(self, frames: Frames, *, keep_alive: float, on_error: OnError) -> None:
        self._frames = frames
        self._keep_alive = keep_alive
        self._on_error = on_error
        self._sent = 0
        self.status_code = 200
        self.background = None
        self.init_headers(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send frames until they end, or the client is gone."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        keeping = asyncio.create_task(self._keep(send))
        try:
            await unless_gone(receive, self._pump(send))
        except ClientDisconnect:
            _log.info("stream.client_gone")
            raise
        finally:
            keeping.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pump(self, send: Send) -> None:
        """Send all frames. Told to stop, it says so to the client before it does."""
        async with aclosing(self._frames) as frames:
            try:
                async for each in frames:
                    self._sent += 1
                    await _send(send, each)
            except asyncio.CancelledError:
                with suppress(Exception):
                    await _send(send, self._on_error(ShuttingDown()))  # goes nowhere when it is the client who is gone
                raise
            except Exception as error:
                await _send(send, self._on_error(as_problem(error)))

    async def _keep(self, send: Send) -> None:
        while True:
            before = self._sent
            await asyncio.sleep(self._keep_alive)
            if self._sent == before:
                await _send(send, KEEP_ALIVE)


def _send(send: Send, body: bytes) -> Awaitable[None]:
    return send({"type": "http.response.body", "body": body, "more_body": True})


async def unless_gone(receive: Receive, work: Coroutine[object, object, T]) -> T:
    """Return what the work returns; stop it when the client goes away before that.

    Raises:
        ClientDisconnect: nobody waits for it any more.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def last(events: Events) -> Answered:
    """Wait for the answer.

    Raises:
        Problem: there is none.
    """
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Failed):
                raise event.problem
            if isinstance(event, Answered):
                return event
    raise InternalError  # pragma: no cover - every stream ends with one of both
