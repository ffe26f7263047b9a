"""The scheduler of the beat process: `celery -A <service>.worker:celery beat`.

It keeps no file and sends no messages of its own: each pass is a tick of `ticker.Ticker`, which works on the table of
jobs. So any number of beat processes may run, and a lost one loses nothing.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog
from celery import Celery
from celery.beat import Scheduler

from servicekit.jobs.loop import LoopThread
from servicekit.jobs.ticker import Ticker
from servicekit.pulse import Pulse

_log = structlog.get_logger(__name__)


class BeatScheduler(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Ticks."""

    def __init__(self, app: Celery, **options: object) -> None:
        open_ticker: Callable[[], AbstractAsyncContextManager[Ticker]] = app.open_ticker
        self._ticker = LoopThread("jobs-ticker", open_ticker)
        self._pulse: Pulse = app.beat_pulse
        self._seconds: float = app.tick_seconds
        super().__init__(app, **options)

    def setup_schedule(self) -> None:
        """Celery's own schedule stays empty."""

    def tick(self, **_: object) -> float:
        """Make one pass; while the database is away go on trying."""
        try:
            self._ticker.run(self._ticker.value.tick())
        except Exception:
            _log.exception("tick_failed")
        else:
            self._pulse.beat()
        return self._seconds

    def close(self) -> None:
        """Close the connections."""
        self._ticker.close()
