"""The prediction log of one process: take a record now, have it in the database soon."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry

from prediction.predictionlog.drain import Drain
from prediction.predictionlog.errors import LogFull
from prediction.predictionlog.metrics import LogCollector, LogCounts
from prediction.predictionlog.record import PredictionRecord, encode_line
from prediction.predictionlog.settings import PredictionLogSettings, WhenFull
from prediction.predictionlog.sink import PredictionSink
from prediction.predictionlog.spool import Spool

_ADOPT_SECONDS = 60.0  # how often the spools of dead processes are looked for
_RETRY_AFTER_SECONDS = 5


class PredictionLog:
    """Takes records from the event loop and moves them to a sink in the background.

    Open it with `async with log.running():`. `append` may be called from that event loop's thread only.
    """

    def __init__(
        self, folder: Path, sink: PredictionSink, settings: PredictionLogSettings, registry: CollectorRegistry
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._spool: Spool | None = None
        self.counts = LogCounts()
        self._drain = Drain(folder, sink, self.counts)
        LogCollector(self.counts, lambda: self.queued_bytes, self._drain.lag_seconds, settings.max_bytes).register(
            registry
        )

    @property
    def queued_bytes(self) -> int:
        """Return how many bytes wait for the database, those of dead processes included."""
        return self._drain.queued_bytes

    def append(self, record: PredictionRecord) -> None:
        """Keep the record; when this returns, the death of the process cannot lose it.

        Raises:
            LogFull: there is no room, and the settings say to refuse rather than to drop.
        """
        line = encode_line(record)
        if self._spool is None or self._drain.queued_bytes + len(line) > self._settings.max_bytes:
            self._no_room()
            return
        try:
            self._spool.append(line)
        except OSError:  # the disk is full: the same to the caller as a full log
            self._no_room()
            return
        self.counts.appended += 1
        self._drain.queued_bytes += len(line)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take records and drain them until the block ends; then flush what is left for a bounded time."""
        spool = Spool.create(self._folder, self._settings.segment_bytes)
        self._spool = self._drain.spool = spool
        self._drain.adopt()
        task = asyncio.create_task(self._run(), name="prediction-log")
        try:
            yield
        finally:
            self._spool = None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.flush_seconds):
                    await self._drain.until_empty()
            self._drain.close()

    async def flush(self, timeout: float) -> bool:  # noqa: ASYNC109 - the caller's patience is the point
        """Wait until everything appended so far is stored, at most `timeout` seconds; say whether it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._drain.until_empty()
                return True
        return False

    async def _run(self) -> None:
        adopted_at = time.monotonic()
        while True:
            if time.monotonic() - adopted_at >= _ADOPT_SECONDS:
                self._drain.adopt()
                adopted_at = time.monotonic()
            await self._drain.until_empty()
            await asyncio.sleep(self._settings.drain_seconds)

    def _no_room(self) -> None:
        if self._settings.when_full is WhenFull.DROP:
            self.counts.dropped += 1
            return
        self.counts.refused += 1
        detail = "Predictions cannot be recorded now, and none is answered without a record."
        raise LogFull(detail, retry_after=_RETRY_AFTER_SECONDS)
