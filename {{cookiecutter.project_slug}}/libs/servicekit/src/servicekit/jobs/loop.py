"""An event loop in a thread of its own, for code that is called by threads: Celery's worker and beat."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True)
class _Open(Generic[T]):
    """What there is while the thread is alive."""

    thread: threading.Thread
    loop: asyncio.AbstractEventLoop
    leave: asyncio.Event
    value: T


class LoopClosed(RuntimeError):
    """The loop was closed for good."""


class LoopThread(Generic[T]):
    """Holds an async context open on its loop. Nothing starts before the first use: a process may fork until then."""

    def __init__(self, name: str, context: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._name = name
        self._context = context
        self._lock = threading.Lock()
        self._open: _Open[T] | None = None
        self._closed = False

    def open(self) -> None:
        """Enter the context now and not at the first use."""
        self._start()

    @property
    def value(self) -> T:
        """What the context has given; opens it. What opening raises is raised here, and the next use tries again."""
        return self._start().value

    def run(self, coroutine: Coroutine[object, object, V]) -> V:
        """Run a coroutine on the loop and wait; an exception raised into the waiting thread cancels the coroutine."""
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._start().loop)
        except BaseException:
            coroutine.close()
            raise
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Leave the context and end the thread; whoever comes later gets LoopClosed."""
        with self._lock:
            self._closed = True
            opened, self._open = self._open, None
        if opened is not None:
            opened.loop.call_soon_threadsafe(opened.leave.set)
            opened.thread.join()

    def _start(self) -> _Open[T]:
        with self._lock:
            if self._closed:
                raise LoopClosed
            if self._open is None:
                ready: Future[_Open[T]] = Future()
                threading.Thread(target=self._serve, args=(ready,), name=self._name, daemon=True).start()
                self._open = ready.result()
            return self._open

    def _serve(self, ready: "Future[_Open[T]]") -> None:
        try:
            asyncio.run(self._hold_open(ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _hold_open(self, ready: "Future[_Open[T]]") -> None:
        async with self._context() as value:
            opened = _Open(threading.current_thread(), asyncio.get_running_loop(), asyncio.Event(), value)
            ready.set_result(opened)
            await opened.leave.wait()
