"""The worker as a process of its own: `celery -A <service>.worker:celery worker`, and `... beat`.

Celery's parent process takes messages from the broker and forks children that run jobs. What happens in which:

    child   opens the service's resources at its first job, runs handlers, tells the parent how each attempt ended
    parent  counts the attempts, serves /metrics, watches whether messages are taken, writes the pulse file

SIGTERM: no new messages; running jobs may end within `JOBS__STOP_SECONDS`; then children are told to stop, give their
jobs back to the queue without counting the attempt, and end.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Generic, TypeVar
from uuid import UUID

from celery import Celery, signals
from celery.apps.worker import install_worker_term_hard_handler, on_cold_shutdown
from celery.worker.consumer import Consumer
from prometheus_client import CollectorRegistry

from servicekit.jobs.catalog import JobCatalog
from servicekit.jobs.celery import TASK, make_celery
from servicekit.jobs.factory import open_ticker
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.monitor import OutcomePipe, Watch, serve_metrics
from servicekit.jobs.process import Resources, WorkerProcess
from servicekit.pulse import Pulse
from servicekit.settings import ServiceSettings
from servicekit.telemetry import configure_telemetry

R = TypeVar("R")
S = TypeVar("S", bound=ServiceSettings)


def build_worker(
    settings: S, catalog: JobCatalog[R], resources: Resources[S, R], *, version: str = "unknown"
) -> Celery:
    """Return the Celery application of a service's worker and beat processes; call it once per process."""
    app = make_celery(settings, catalog)
    process = WorkerProcess(settings, catalog, resources)
    pipe = OutcomePipe()

    def run_job(job_id: str) -> None:
        with _giving_back_on_sigterm(process):
            outcome = process.run(UUID(job_id))
        if outcome is not None:
            pipe.send(outcome)
        if process.stopping:
            sys.exit(0)

    app.task(name=TASK, shared=False)(run_job)
    registry = CollectorRegistry()
    app.lifecycle = _Lifecycle(app, settings, catalog, process, pipe, registry, version)
    app.lifecycle.connect()
    return app


@contextmanager
def _giving_back_on_sigterm(process: WorkerProcess[R]) -> Iterator[None]:
    """Let SIGTERM, which ends a child at once, give the job in work back to the queue first."""

    def stop(_: int, __: FrameType | None) -> None:
        process.interrupt_here()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Lifecycle(Generic[R]):
    """What happens when the processes of a worker begin and end."""

    def __init__(
        self,
        app: Celery,
        settings: ServiceSettings,
        catalog: JobCatalog[R],
        process: WorkerProcess[R],
        pipe: OutcomePipe,
        registry: CollectorRegistry,
        version: str,
    ) -> None:
        self._app = app
        self._settings = settings
        self._catalog = catalog
        self._process = process
        self.outcomes = pipe
        self._registry = registry
        self._version = version
        self._metrics = JobMetrics(registry)

    def connect(self) -> None:
        """Register with Celery. What beat needs is found by `beat.BeatScheduler` on the application."""
        signals.setup_logging.connect(self.configure)
        signals.worker_ready.connect(self.begin_parent)
        signals.worker_process_init.connect(self.begin_child)
        signals.worker_process_shutdown.connect(self.end_child)
        signals.beat_init.connect(self.begin_beat)
        self._app.open_ticker = lambda: open_ticker(self._settings, self._catalog, self._metrics)
        self._app.beat_pulse = Pulse(self._settings.service_name, "beat")
        self._app.tick_seconds = self._settings.jobs.tick_seconds

    def configure(self, **_: object) -> None:
        """Logs are set up here; a receiver of this signal also keeps Celery from doing it."""
        configure_telemetry(self._settings, self._settings.service_name, self._version)

    def begin_parent(self, sender: Consumer, **_: object) -> None:
        """Make SIGTERM the shutdown that gives running jobs back, and start to watch."""
        if sender.app is not self._app:  # the signals of an embedded worker in this process arrive here, too
            return
        install_worker_term_hard_handler(sender.controller, sig="SIGTERM", callback=on_cold_shutdown, exitcode=0)
        self.outcomes.listen(self._metrics.count)
        serve_metrics(self._settings.jobs.metrics_port, self._registry)
        pulse = Pulse(self._settings.service_name, "worker")
        queues = list(self._app.amqp.queues.consume_from)
        Watch(self._app, queues, pulse, slots=sender.controller.concurrency).start()

    def begin_child(self, **_: object) -> None:
        """A fork has none of its parent's threads: set telemetry up anew."""
        self.configure()

    def end_child(self, **_: object) -> None:
        """Close the resources."""
        self._process.close()

    def begin_beat(self, **_: object) -> None:
        """Serve the metrics of the backlog."""
        serve_metrics(self._settings.jobs.metrics_port, self._registry)
