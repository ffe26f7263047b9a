"""Shadow traffic: the challenger answers the same requests, into the prediction log only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import msgspec
import structlog

from prediction.predictionlog.log import PredictionLog
from prediction.predictionlog.record import PredictionRecord
from prediction.serving.models import LoadedModel

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ShadowCounts:
    """What became of the requests to shadow."""

    answered: int = 0
    failed: int = 0  # the challenger could not answer what the champion could
    dropped: int = 0  # the queue was full


class Shadows:
    """Runs challengers beside the response path: a bounded queue, one request at a time, in a thread."""

    def __init__(self, log: PredictionLog, queue_size: int) -> None:
        self._log = log
        self._queue: asyncio.Queue[tuple[LoadedModel, PredictionRecord]] = asyncio.Queue(queue_size)
        self.counts = ShadowCounts()

    @property
    def waiting(self) -> int:
        """Return how many requests wait for their shadow."""
        return self._queue.qsize()

    def offer(self, model: LoadedModel, answered: PredictionRecord) -> None:
        """Let the model answer what another just answered; never waits and never fails."""
        try:
            self._queue.put_nowait((model, answered))
        except asyncio.QueueFull:
            self.counts.dropped += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work on the queue until the block ends."""
        task = asyncio.create_task(self._run(), name="shadows")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            model, answered = await self._queue.get()
            try:
                self._log.append(await asyncio.to_thread(_answer, model, answered))
                self.counts.answered += 1
                model.answered["shadow"] += 1
            except Exception as error:  # whatever a challenger does, it must not end the shadow of the others
                self.counts.failed += 1
                _log.warning(
                    "shadow_failed", model=answered.model, model_version=model.version.version, error=str(error)
                )


def _answer(model: LoadedModel, answered: PredictionRecord) -> PredictionRecord:
    return msgspec.structs.replace(
        answered,
        version=model.version.version,
        variant="shadow",
        outputs=model.score(model.read(answered.rows).matrix),
        classes=model.classes,
    )
