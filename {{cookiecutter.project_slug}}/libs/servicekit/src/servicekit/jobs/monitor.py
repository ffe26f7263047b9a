"""What the parent process of a worker watches: how its children's attempts end, and whether messages are taken."""

import json
import os
import threading
import time
from collections.abc import Callable, Sequence

import structlog
from celery import Celery
from celery.worker import state
from kombu.exceptions import KombuError
from prometheus_client import CollectorRegistry, start_http_server
from redis.exceptions import RedisError

from servicekit.jobs.outcomes import Outcome
from servicekit.pulse import Pulse

WATCH_SECONDS = 10.0
_log = structlog.get_logger(__name__)


class OutcomePipe:
    """Carries outcomes from forked children to their parent. A short line in a pipe is written whole or not at all."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def send(self, outcome: Outcome) -> None:
        """Write an outcome; when nobody has read for long it is dropped, because a metric must not stop the work."""
        try:
            os.write(self._write, json.dumps(outcome).encode() + b"\n")
        except BlockingIOError:
            _log.warning("outcome_dropped", kind=outcome.kind)

    def listen(self, receive: Callable[[Outcome], None]) -> None:
        """Hand over outcomes as they come, in a thread."""

        def read() -> None:
            with os.fdopen(self._read) as lines:
                for line in lines:
                    receive(Outcome(*json.loads(line)))

        threading.Thread(target=read, name="jobs-outcomes", daemon=True).start()


class Watch:
    """Beats the pulse of a worker unless messages wait while it is idle and takes none.

    That is how a consumer looks that has silently lost its connection. A broker that is away says nothing about the
    worker, and a new worker would not help: the pulse goes on.
    """

    def __init__(self, app: Celery, queues: Sequence[str], pulse: Pulse, slots: int) -> None:
        self._app = app
        self._queues = queues
        self._pulse = pulse
        self._slots = slots
        self._taken = -1

    def start(self) -> None:
        """Watch in a thread, for the life of the process."""
        threading.Thread(target=self._run, name="jobs-watch", daemon=True).start()

    def look(self) -> None:
        """Look once."""
        taken = sum(state.total_count.values())
        progress = taken != self._taken or len(state.active_requests) >= self._slots
        self._taken = taken
        if progress or not self._waiting():
            self._pulse.beat()

    def _run(self) -> None:
        while True:
            self.look()
            time.sleep(WATCH_SECONDS)

    def _waiting(self) -> bool:
        try:
            with self._app.connection_for_read() as connection:
                channel = connection.default_channel
                return any(channel.queue_declare(queue).message_count for queue in self._queues)
        except (KombuError, RedisError, OSError):
            return False


def serve_metrics(port: int | None, registry: CollectorRegistry) -> None:
    """Serve /metrics on all addresses, if a port is set."""
    if port is not None:
        start_http_server(port, registry=registry)
