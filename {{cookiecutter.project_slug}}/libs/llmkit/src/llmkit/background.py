"""Work that goes on beside requests.

It is ended between two rounds, not in the middle of one: a database session that is cancelled half-way may keep its
transaction, and on SQLite with it everybody's write lock, until the connection is cleaned up.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

PATIENCE_SECONDS = 10.0
"""How long a round may still take when the end has come."""
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def repeating(
    work: Callable[[], Awaitable[object]], *, seconds: float, name: str, patience: float = PATIENCE_SECONDS
) -> AsyncIterator[None]:
    """Do `work` again and again with pauses, until the block ends. A round that fails is logged; the next one comes."""
    ending = asyncio.Event()

    async def run() -> None:
        while not ending.is_set():
            try:
                await work()
            except Exception:
                _log.exception("background_round_failed", work=name)
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), seconds)

    task = asyncio.create_task(run(), name=name)
    try:
        yield
    finally:
        ending.set()
        await asyncio.wait([task], timeout=patience)
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
