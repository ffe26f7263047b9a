"""Lets code without an event loop use what lives on one.

Connections belong to the loop that opened them, so a synchronous call is carried out on the gateway's loop: that of the
service if it runs (the call then comes from one of its threads), else one of its own in a thread.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import TypeVar

T = TypeVar("T")


class Portal:
    """The one loop of a gateway."""

    def __init__(self) -> None:
        self._home: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Make the running loop the gateway's; RuntimeError when it already lives on another one that runs."""
        running = asyncio.get_running_loop()
        if self._home is running:
            return
        if self._home is not None and self._home.is_running():
            raise RuntimeError("A gateway belongs to one event loop, and this one lives on another.")
        self._home = running

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Do the work on the gateway's loop and wait for it."""
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop())
        except BaseException:
            work.close()
            raise
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """Yield what is made on the gateway's loop; closing the iterator closes the generator."""
        end = object()

        async def following() -> T | object:
            return await anext(items, end)

        try:
            while (item := self.run(following())) is not end:
                yield item  # type: ignore[misc]  # it is not the end
        finally:
            self.run(items.aclose())

    def close(self) -> None:
        """Stop the loop in the thread, if there is one."""
        if self._thread is not None and self._home is not None:
            self._home.call_soon_threadsafe(self._home.stop)
            self._thread.join()
            self._home.close()
            self._thread = self._home = None

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._home is None or not self._home.is_running():
                self._home = self._start()
            home = self._home
        try:
            inside = asyncio.get_running_loop() is home
        except RuntimeError:
            inside = False
        if inside:
            raise RuntimeError("A synchronous call would block its own event loop; use ainvoke or astream.")
        return home

    def _start(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        started = threading.Event()
        loop.call_soon(started.set)
        self._thread = threading.Thread(target=loop.run_forever, name="llmkit", daemon=True)
        self._thread.start()
        started.wait()
        return loop
