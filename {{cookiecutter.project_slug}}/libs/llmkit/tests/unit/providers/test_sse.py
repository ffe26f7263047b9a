"""Events are the same wherever the network cuts them."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import httpx2
import pytest

from llmkit.errors import Malformed
from llmkit.providers.sse import MAX_EVENT_BYTES, drain, events


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(*chunks: bytes) -> list[bytes]:
    return [data async for data in events(parts(*chunks))]


async def test_cuts_do_not_matter() -> None:
    whole = 'event: x\r\ndata: {"a": "\u2028\x85é"}\r\n\r\n: note\nid: 3\ndata: 1\ndata: 2\n\ndata:[DONE]\n\n'.encode()
    for one, two in itertools.combinations(range(len(whole) + 1), 2):
        found = await read(whole[:one], whole[one:two], whole[two:])
        assert found == ['{"a": "\u2028\x85é"}'.encode(), b"1\n2", b"[DONE]"], (one, two)


async def test_an_event_without_its_end_is_not_lost() -> None:
    assert await read(b"data: 1\n\ndata: 2\n") == [b"1", b"2"]


async def test_empty_events_are_none() -> None:
    assert await read(b"event: ping\n\n\n\n") == []


async def test_an_event_without_end_is_refused() -> None:
    with pytest.raises(Malformed):
        await read(b"data: " + b"x" * MAX_EVENT_BYTES, b"y")


async def test_the_end_of_a_body_is_not_waited_for_long() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b": still here\n"

    async with asyncio.timeout(2):
        await drain(endless())
        await drain(parts(b"x"))


@pytest.mark.parametrize(
    "fault", [httpx2.ReadError("reset"), httpx2.RemoteProtocolError("cut"), ConnectionResetError()]
)
async def test_a_connection_that_is_lost_after_the_last_event_does_not_matter(fault: Exception) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield b"x"
        raise fault

    await drain(cut())
