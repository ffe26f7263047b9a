"""Server-sent events, read from bytes.

The SDKs' typed events cost some 300 µs each, which 200 streams at once would feel: this and a typed decoder cost 30.
Lines end with a line feed, optionally after a carriage return, as all providers send them. Text is split as bytes: JSON
may hold characters that Python takes for line ends.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

import httpx2

from llmkit.errors import Malformed

MAX_EVENT_BYTES = 8 * 1024 * 1024
DRAIN_SECONDS = 0.2
"""How long the end of a body is waited for after the last event, so that the connection can be used again."""


async def events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the data of each event; the names of events are in the data of both protocols."""
    rest = b""
    data: list[bytes] = []
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_EVENT_BYTES:
            raise Malformed("An event of the stream is too long.")
        for line in lines:
            if line in (b"", b"\r"):
                if data:
                    yield data[0] if len(data) == 1 else b"\n".join(data)
                    data = []
            elif line.startswith(b"data:"):
                data.append(line[5:].strip())
    if data:
        yield b"\n".join(data)  # the stream was cut before the empty line: what is whole is readable


async def drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what is left after the last event, for a moment. The answer is complete: faults do not matter any more."""
    with suppress(OSError, httpx2.HTTPError):  # a time-out is an OSError, too
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass
