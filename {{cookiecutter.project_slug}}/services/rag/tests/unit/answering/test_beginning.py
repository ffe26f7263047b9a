"""Streams that are under way before they are read."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from rag.answering.beginning import begun


class Stream:
    """Notes how far it has come."""

    def __init__(self, *items: str, waits: bool = False, fails: bool = False) -> None:
        self.items, self.waits, self.fails = items, waits, fails
        self.seen: list[str] = []

    async def run(self) -> AsyncIterator[str]:
        try:
            self.seen.append("asked")
            await asyncio.sleep(3600 if self.waits else 0)
            if self.fails:
                raise ZeroDivisionError
            for item in self.items:
                yield item
            self.seen.append("ended")
        except (asyncio.CancelledError, GeneratorExit):
            self.seen.append("stopped")
            raise


async def test_it_is_asked_before_it_is_read_and_gives_everything() -> None:
    stream = Stream("a", "b", "c")
    async with begun(stream.run()) as items:
        assert stream.seen == ["asked"]
        assert [item async for item in items] == ["a", "b", "c"]
    assert stream.seen == ["asked", "ended"]


async def test_an_empty_one_gives_nothing() -> None:
    async with begun(Stream().run()) as items:
        assert [item async for item in items] == []


@pytest.mark.parametrize("waits", [True, False])
async def test_one_that_is_left_before_it_is_read_is_stopped(*, waits: bool) -> None:
    stream = Stream("a", "b", waits=waits)
    async with begun(stream.run()):
        await asyncio.sleep(0.01)
    assert stream.seen == ["asked", "stopped"]


async def test_one_that_is_left_in_the_middle_is_stopped() -> None:
    stream = Stream("a", "b")

    async def leave() -> None:
        async with begun(stream.run()) as items:
            async for _ in items:
                raise KeyError

    with pytest.raises(KeyError):
        await leave()
    assert stream.seen == ["asked", "stopped"]


async def test_what_goes_wrong_is_raised_when_it_is_read() -> None:
    async with begun(Stream(fails=True).run()) as items:
        await asyncio.sleep(0.01)
        with pytest.raises(ZeroDivisionError):
            await anext(items)


async def test_what_goes_wrong_unread_is_nobodys_business() -> None:
    async with begun(Stream(fails=True).run()):
        await asyncio.sleep(0.01)
