"""What a handler is given besides its parameters."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from servicekit.jobs.errors import JobStopped

R = TypeVar("R")
T = TypeVar("T")


class JobSignals:
    """What passes between a handler and the heartbeat: progress one way, the reason to stop the other way."""

    def __init__(self) -> None:
        self.fraction = 0.0
        self.message: str | None = None
        self.stop: type[JobStopped] | None = None
        self.stopped = threading.Event()
        self._listeners: list[Callable[[], object]] = []

    def request_stop(self, reason: type[JobStopped]) -> None:
        """Make the next `check()` raise; the first reason wins."""
        if self.stop is None:
            self.stop = reason
            self.stopped.set()
            for listener in self._listeners:
                listener()

    def on_stop(self, listener: Callable[[], object]) -> None:
        """Call `listener` when a stop is requested, in the thread that requests it."""
        self._listeners.append(listener)


@dataclass(frozen=True)
class JobContext(Generic[R]):
    """One attempt at one job."""

    resources: R
    """What the service's worker has opened: database, storage, registry."""
    job_id: UUID
    tenant: str
    actor: str
    attempt: int
    """1 for the first attempt."""
    loop: asyncio.AbstractEventLoop
    signals: JobSignals = field(default_factory=JobSignals)

    def check(self) -> None:
        """Raise a JobStopped when the job is cancelled, over its time or taken away. Costs nothing: call it often."""
        if self.signals.stop is not None:
            raise self.signals.stop(f"job {self.job_id}")

    def progress(self, fraction: float, message: str | None = None) -> None:
        """Report how far the work is (0 to 1), then `check()`. The heartbeat writes it to the job within a second."""
        self.signals.fraction = min(1.0, max(0.0, fraction))
        self.signals.message = message if message is not None else self.signals.message
        self.check()

    def sleep(self, seconds: float) -> None:
        """Wait in a plain handler; raises at once when the job is to stop."""
        self.signals.stopped.wait(seconds)
        self.check()

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the worker's event loop and wait for its result, from a plain handler."""
        if _in_loop(self.loop):
            coroutine.close()
            raise RuntimeError("an async handler awaits; context.run() is for plain handlers")
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


def _in_loop(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
