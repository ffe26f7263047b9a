"""Reads a stream of server-sent events, and notes when text came. It costs little, so hundreds fit into one process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

GIVE_UP_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one stream; times in ms since the request was sent."""

    text: str
    moments: tuple[float, ...]  # of each piece of text
    total: float

    @property
    def first(self) -> float:
        """When the first text came."""
        return self.moments[0]

    @property
    def longest_gap(self) -> float:
        """The longest time without new text, in ms."""
        return max((later - earlier for earlier, later in zip(self.moments, self.moments[1:], strict=False)), default=0)


async def listen(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Heard:
    """Send a request on a connection of its own and read its stream to the end; RuntimeError without any text."""
    where = urlsplit(url)
    content = json.dumps(body).encode()
    fields = {"Host": where.netloc, "Content-Type": "application/json", "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    async with asyncio.timeout(GIVE_UP_SECONDS):
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            begin = time.perf_counter()
            request = f"POST {where.path} HTTP/1.1\r\n{head}Content-Length: {len(content)}\r\n\r\n"
            writer.write(request.encode() + content)
            return await _hear(reader, begin)
        finally:
            writer.close()


async def _hear(reader: asyncio.StreamReader, begin: float) -> Heard:
    words, moments, other = [], [], b""
    async for line in _lines(reader):
        text = text_of(line)
        if text:
            words.append(text)
            moments.append(1000 * (time.perf_counter() - begin))
        elif not words:
            other += line
        if line.startswith((b"data: [DONE]", b"event: answer", b"0\r\n")):
            break
    total = 1000 * (time.perf_counter() - begin)
    if not words:
        raise RuntimeError(f"no text came: {other[-1000:]!r}")
    return Heard("".join(words), tuple(moments), total)


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while line := await reader.readline():
        yield line


def text_of(line: bytes) -> str:
    """Return the new text of a line of either protocol, empty when there is none."""
    if not line.startswith(b"data: {"):
        return ""
    data = json.loads(line[6:])
    if "text" in data and len(data) == 1:
        return str(data["text"])
    choices = data.get("choices")
    return str(choices[0]["delta"].get("content") or "") if choices else ""
