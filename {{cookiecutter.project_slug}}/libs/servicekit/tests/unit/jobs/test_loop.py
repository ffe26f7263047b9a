import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from servicekit.jobs.loop import LoopClosed, LoopThread


class Door:
    """Counts how often it was opened and closed; the first openings may fail."""

    def __init__(self, failures: int = 0) -> None:
        self.opened = self.closed = 0
        self.failures = failures

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        if self.failures:
            self.failures -= 1
            raise OSError("stuck")
        self.opened += 1
        yield "inside"
        self.closed += 1


async def thread_name() -> str:
    return threading.current_thread().name


def test_opens_at_the_first_use_and_once() -> None:
    door = Door()
    loop = LoopThread("the-loop", door.open)
    assert door.opened == 0
    assert loop.value == "inside"
    assert loop.run(thread_name()) == "the-loop"
    loop.close()
    loop.close()
    assert (door.opened, door.closed) == (1, 1)


def test_a_failed_opening_is_raised_and_tried_again_at_the_next_use() -> None:
    loop = LoopThread("the-loop", Door(failures=1).open)
    with pytest.raises(OSError, match="stuck"):
        loop.open()
    assert loop.value == "inside"
    loop.close()


def test_what_a_coroutine_raises_is_raised_to_the_waiting_thread() -> None:
    loop = LoopThread("the-loop", Door().open)

    async def fail() -> None:
        raise ValueError("no flour")

    with pytest.raises(ValueError, match="no flour"):
        loop.run(fail())
    loop.close()


def test_an_exception_raised_into_the_waiting_thread_cancels_the_coroutine() -> None:
    loop = LoopThread("the-loop", Door().open)
    cancelled = threading.Event()

    async def interrupt_and_wait() -> None:
        try:
            await asyncio.sleep(0.3)  # by then the caller waits for the result
            os.kill(os.getpid(), signal.SIGALRM)
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        loop.run(interrupt_and_wait())
    signal.signal(signal.SIGALRM, before)
    assert cancelled.wait(5)
    loop.close()


def test_whoever_comes_after_the_close_is_told() -> None:
    loop = LoopThread("the-loop", Door().open)
    loop.open()
    loop.close()
    with pytest.raises(LoopClosed):
        loop.run(thread_name())
    with pytest.raises(LoopClosed):
        _ = loop.value
