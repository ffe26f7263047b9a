"""The part of a worker that belongs to one process: the service's resources on an event loop, and the handlers at work.

The broker's thread calls `run(job_id)`. A plain handler works in that thread, so that a time limit or a SIGTERM reaches
it; an async handler works on the loop. Heartbeats are on the loop: they go on while a plain handler computes.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Generic, TypeAlias, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel

from servicekit.database import Database, database_url
from servicekit.jobs.catalog import JobCatalog
from servicekit.jobs.errors import JobInterrupted, WorkerStopping
from servicekit.jobs.loop import LoopClosed, LoopThread
from servicekit.jobs.outcomes import HandlerResult, Outcome
from servicekit.jobs.runner import Attempt, JobRunner
from servicekit.jobs.tracing import continue_trace
from servicekit.settings import ServiceSettings

R = TypeVar("R")
S = TypeVar("S", bound=ServiceSettings)
Resources: TypeAlias = Callable[[S], AbstractAsyncContextManager[R]]
"""Opens what the service's handlers use, for the life of a worker process."""

POOL_SIZE = 4


class WorkerProcess(Generic[R]):
    """Runs jobs for the threads of one process."""

    def __init__(self, settings: S, catalog: JobCatalog[R], resources: Resources[S, R]) -> None:
        @asynccontextmanager
        async def open_runner() -> AsyncIterator[JobRunner[R]]:
            database = Database(database_url(settings), pool_size=POOL_SIZE)
            lease = timedelta(seconds=settings.jobs.lease_seconds)
            try:
                async with resources(settings) as opened:
                    yield JobRunner(catalog, database, opened, lease=lease)
            finally:
                await database.dispose()

        self._loop = LoopThread("jobs-loop", open_runner)
        self._attempts: set[Attempt[R]] = set()
        self._interruptible = False
        self._told_to_stop = threading.Event()

    def open(self) -> None:
        """Open the resources now and not at the first job."""
        self._loop.open()

    def run(self, job_id: UUID) -> Outcome | None:
        """Make one attempt at a job; None when it is not there to be claimed, or was given back meanwhile."""
        if self._told_to_stop.is_set():
            return None
        attempt = self._loop.run(self._loop.value.begin(job_id))
        if attempt is None:
            return None
        self._attempts.add(attempt)
        if self._told_to_stop.is_set():
            attempt.context.signals.request_stop(JobInterrupted)
        try:
            return self._make(attempt)
        except LoopClosed:
            return None
        finally:
            self._attempts.discard(attempt)

    @property
    def stopping(self) -> bool:
        """Whether the handlers were told to end; no further job is taken."""
        return self._told_to_stop.is_set()

    @property
    def busy(self) -> bool:
        """Whether a handler is at work."""
        return bool(self._attempts)

    def interrupt(self) -> None:
        """Ask all handlers to end at their next `check()`; their jobs go back to the queue."""
        self._told_to_stop.set()
        for attempt in tuple(self._attempts):
            attempt.context.signals.request_stop(JobInterrupted)

    def interrupt_here(self) -> None:
        """Do what `interrupt` does, and break into the plain handler of this very thread. For signal handlers."""
        self.interrupt()
        if self._interruptible:
            self._interruptible = False
            raise WorkerStopping

    def abandon(self) -> None:
        """Give back the jobs of handlers that did not end when asked. What they go on to do is not recorded."""
        for attempt in tuple(self._attempts):
            self._loop.run(self._loop.value.end(attempt, JobInterrupted()))

    def close(self) -> None:
        """Close the resources."""
        self._loop.close()

    def _make(self, attempt: Attempt[R]) -> Outcome:
        job = attempt.job
        with continue_trace(job.trace, job.kind, job_id=str(job.id), tenant=job.tenant):
            result = self._call(attempt)
            return self._loop.run(self._loop.value.end(attempt, result))

    def _call(self, attempt: Attempt[R]) -> HandlerResult:
        try:
            self._interruptible = True
            if attempt.spec.is_async:
                return self._loop.run(_call_async(attempt))
            return cast("BaseModel | None", attempt.spec.handler(attempt.context, attempt.params))
        except BaseException as error:  # whatever ends a handler is written to its job
            return error
        finally:
            self._interruptible = False


async def _call_async(attempt: Attempt[R]) -> BaseModel | None:
    """Await an async handler, in a task that ends when the job is to stop."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        attempt.context.signals.on_stop(lambda: loop.call_soon_threadsafe(task.cancel))
    handler = cast("Coroutine[object, object, BaseModel | None]", attempt.spec.handler(attempt.context, attempt.params))
    return await handler
