"""The worker inside the API's process, for `memory://`: nothing to install, nothing to start.

The same Celery, the same handlers, the same table of jobs; only the broker is a queue in memory. A process that is
killed forgets the queue, and the next one finds the jobs in the table.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID

import structlog
from celery import Celery
from celery.concurrency.base import BasePool, apply_target
from celery.worker import WorkController, state
from prometheus_client import CollectorRegistry

from servicekit.jobs.catalog import JobCatalog
from servicekit.jobs.celery import TASK, is_embedded, make_celery
from servicekit.jobs.factory import open_ticker
from servicekit.jobs.loop import LoopThread
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.process import Resources, WorkerProcess
from servicekit.settings import ServiceSettings

R = TypeVar("R")
S = TypeVar("S", bound=ServiceSettings)
START_SECONDS = 10
END_SECONDS = 3.0
"""How long handlers may take to notice that the process ends; after it their jobs are given back regardless."""
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def embedded_worker(
    settings: S, catalog: JobCatalog[R], resources: Resources[S, R], registry: CollectorRegistry
) -> AsyncIterator[None]:
    """Run jobs and schedules in this process while the block lasts; do nothing unless the broker is `memory://`."""
    if not is_embedded(settings):
        yield
        return
    worker = EmbeddedWorker(settings, catalog, resources, registry)
    await asyncio.to_thread(worker.start)
    try:
        yield
    finally:
        await asyncio.to_thread(worker.stop)


class EmbeddedWorker:
    """A Celery worker and a ticker in threads."""

    def __init__(
        self, settings: S, catalog: JobCatalog[R], resources: Resources[S, R], registry: CollectorRegistry
    ) -> None:
        metrics = JobMetrics(registry)
        self._process = WorkerProcess(settings, catalog, resources)
        self._app = make_celery(settings, catalog)
        self._ticker = LoopThread("jobs-ticker", lambda: open_ticker(settings, catalog, metrics))
        self._tick_seconds = settings.jobs.tick_seconds
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._concurrency = settings.jobs.concurrency
        self._define_task(self._app, metrics)

    def start(self) -> None:
        """Open the service's resources and begin to take jobs; raises when they cannot be opened."""
        self._process.open()
        state.should_stop = None
        ready = threading.Event()
        controller = WorkController(
            app=self._app,
            hostname="embedded@localhost",
            pool=ThreadPerTask,
            concurrency=self._concurrency,
            loglevel="WARNING",
            ready_callback=lambda _: ready.set(),
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        self._spawn("jobs-worker", controller.start)
        if not ready.wait(START_SECONDS):
            raise RuntimeError("the embedded worker did not start")
        self._spawn("jobs-schedule", self._tick)

    def stop(self) -> None:
        """Give running jobs back and end all threads, in a few seconds at most."""
        self._ending.set()
        self._process.interrupt()
        deadline = time.monotonic() + END_SECONDS
        while self._process.busy and time.monotonic() < deadline:
            time.sleep(0.02)
        self._process.abandon()
        state.should_stop = 0
        for thread in self._threads:
            thread.join()
        state.should_stop = None
        self._ticker.close()
        self._process.close()
        self._app.close()

    def _define_task(self, app: Celery, metrics: JobMetrics) -> None:
        def run_job(job_id: str) -> None:
            outcome = self._process.run(UUID(job_id))
            if outcome is not None:
                metrics.count(outcome)

        app.task(name=TASK, shared=False)(run_job)

    def _tick(self) -> None:
        while not self._ending.wait(self._tick_seconds):
            try:
                self._ticker.run(self._ticker.value.tick())
            except Exception:
                _log.exception("tick_failed")

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)


class ThreadPerTask(BasePool):  # type: ignore[misc]  # Celery has no types
    """Runs each task in a thread of its own, which does not keep the process from ending.

    The consumer takes no more messages than the worker's concurrency before it has acknowledged some, so there are
    never more threads than that.
    """

    body_can_be_buffer = True

    def on_apply(
        self,
        target: Callable[..., object],
        args: tuple[object, ...] | None = None,
        kwargs: dict[str, object] | None = None,
        callback: Callable[..., object] | None = None,
        accept_callback: Callable[..., object] | None = None,
        **_: object,
    ) -> None:
        """Start the thread."""

        def work() -> None:
            self.app.set_current()  # Celery looks the task up in the thread's application
            apply_target(target, args or (), kwargs or {}, callback, accept_callback)

        threading.Thread(target=work, name="jobs-handler", daemon=True).start()
