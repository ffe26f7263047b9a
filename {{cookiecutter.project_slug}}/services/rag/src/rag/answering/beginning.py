"""Streams that are under way before they are read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")
_END = object()


@asynccontextmanager
async def begun(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Run a generator up to its first wait, and on to its first item while the block does something else.

    The generator is closed at the end of the block, wherever it is then. What it raises before its first item is raised
    when that is asked for.
    """
    first = asyncio.ensure_future(anext(stream, _END))
    try:
        await asyncio.sleep(0)  # lets it run
        yield _whole(first, stream)
    finally:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await stream.aclose()  # type: ignore[attr-defined]  # LangChain's iterator is a generator


async def _whole(first: "asyncio.Future[T | object]", rest: AsyncIterator[T]) -> AsyncIterator[T]:
    item = await first
    if item is not _END:
        yield item  # type: ignore[misc]  # not the mark, so one of the stream's
        async for item in rest:
            yield item
