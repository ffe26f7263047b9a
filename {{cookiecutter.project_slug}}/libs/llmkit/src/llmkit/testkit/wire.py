"""A provider on the wire of this machine that speaks both protocols and fails as it is told.

async with Wire() as wire:
    wire.script(Reply(status=429, headers={"retry-after": "1"}), Reply())
    settings = LlmSettings(strong="openai:mock", openai_base_url=wire.url("openai"))
    ...
    assert len(wire.requests) == 2
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from llmkit.testkit.replies import Protocol, Reply, error_body, error_event, stream_pieces, whole_body


@dataclass(frozen=True)
class Received:
    """A request that has come in."""

    protocol: Protocol
    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    """Of the loop's clock."""


class Wire:
    """Answers each request with the next reply of its script; the last one is repeated."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.received = asyncio.Event()
        """Whether any request has come in."""
        self._arrived = asyncio.Condition()
        self.abandoned: list[float] = []
        """When clients have closed the connection in the middle of an answer; of the loop's clock."""
        self.at_once = 0
        """The most requests that were in work together."""
        self._in_work = 0
        self._replies = [Reply()]
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after `stop`, on the same port again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    def url(self, protocol: Protocol) -> str:
        """The base address to give to a client."""
        return f"http://127.0.0.1:{self._port}" + ("/v1" if protocol == "openai" else "")

    def script(self, *replies: Reply) -> None:
        """Say what comes next."""
        self._replies = list(replies)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: a server's callback runs in a task
        self._connections.add(task)
        first: bytes | None = b""
        try:
            while first is not None:
                first = await self._answer_one(reader, writer, first)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes
    ) -> bytes | None:
        """Answer the request that begins with `first`; return what has been read of the next one; None at the end."""
        received = await _read(reader, first)
        self.requests.append(received)
        self.received.set()
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        self._in_work += 1
        self.at_once = max(self.at_once, self._in_work)
        answering = asyncio.ensure_future(self._answer(writer, received, reply))
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if answering.done() and not answering.exception():
                return (leaving.result() if leaving.done() else b"") if answering.result() else None
            self.abandoned.append(asyncio.get_running_loop().time())
            return None
        finally:
            self._in_work -= 1
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _answer(self, writer: asyncio.StreamWriter, received: Received, reply: Reply) -> bool:
        async with self._arrived:
            self._arrived.notify_all()
            await self._arrived.wait_for(lambda: self.at_once >= reply.together)
        return await _send(writer, received, reply)


async def _read(reader: asyncio.StreamReader, first: bytes) -> Received:
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or "{}")
    protocol: Protocol = "anthropic" if "/messages" in head[0] else "openai"
    return Received(protocol, headers, body, asyncio.get_running_loop().time())


async def _send(writer: asyncio.StreamWriter, received: Received, reply: Reply) -> bool:
    """Answer; whether the connection may be used again."""
    if reply.status == 200 and received.body.get("stream") and reply.whole is None:
        return await _send_stream(writer, received.protocol, reply)
    await asyncio.sleep(reply.pause)
    if reply.fault == "stall":
        await asyncio.sleep(3600)
    if reply.whole is not None:
        body = reply.whole
    elif reply.status != 200:
        body = error_body(received.protocol, reply)
    else:
        body = whole_body(received.protocol, reply)
    head = _head(reply, "application/json")
    cut = reply.fault in ("truncate", "drop")
    if reply.fault == "corrupt":
        body = body[:-5]
    writer.write(head + f"content-length: {len(body)}\r\n\r\n".encode() + (body[: len(body) // 2] if cut else body))
    await writer.drain()
    return not cut


async def _send_stream(writer: asyncio.StreamWriter, protocol: Protocol, reply: Reply) -> bool:
    """Send the pieces at a fixed rate: who is late with one does not shift the others."""
    writer.write(_head(reply, "text/event-stream") + b"transfer-encoding: chunked\r\n\r\n")
    due = asyncio.get_running_loop().time()
    for number, piece in enumerate(stream_pieces(protocol, reply)):
        if reply.fault is not None and number == reply.after:
            return await _fail(writer, protocol, reply)
        if reply.pause:
            await writer.drain()
            due += reply.pause
            await asyncio.sleep(due - asyncio.get_running_loop().time())
        _chunk(writer, piece)
    if reply.fault is not None:
        return await _fail(writer, protocol, reply)
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


async def _fail(writer: asyncio.StreamWriter, protocol: Protocol, reply: Reply) -> bool:
    await writer.drain()
    if reply.fault == "drop":
        return False
    if reply.fault == "stall":
        await asyncio.sleep(3600)
    if reply.fault == "corrupt":
        _chunk(writer, b'event: content_block_delta\ndata: {"choices": [{"del\n\n')
    if reply.fault == "error":
        _chunk(writer, error_event(protocol, reply))
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


def _head(reply: Reply, media_type: str) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} Scripted", f"content-type: {media_type}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    return ("\r\n".join(lines) + "\r\n").encode()


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))
