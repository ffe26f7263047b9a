"""What all calls of a process share."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field

import structlog

from llmkit.call import ModelRef
from llmkit.errors import Overloaded
from llmkit.ports import AnswerCache, Breaker, Budget, Ledger, PriceList
from llmkit.providers.ports import Provider
from llmkit.retrying import Backoff, Deadline
from llmkit.settings import LlmSettings
from llmkit.telemetry import LlmMetrics

logger = structlog.get_logger(__name__)


class LeftAlone(Overloaded):
    """The model's circuit is open, or too many calls wait for it: asking again at once is of no use."""

    retryable = False


class Slots:
    """How many requests a model gets at once; who waits is served in order."""

    def __init__(self, concurrency: int, queue_seconds: float) -> None:
        self._queue_seconds = queue_seconds
        self._slots: defaultdict[ModelRef, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(concurrency))

    async def acquire(self, model: ModelRef, deadline: Deadline) -> None:
        """Wait for a slot; `LeftAlone` when none becomes free in time."""
        try:
            async with asyncio.timeout_at(deadline.within(self._queue_seconds)):
                await self._slots[model].acquire()
        except TimeoutError:
            raise LeftAlone(f"Too many calls wait for {model}.", retry_after=1) from None

    def release(self, model: ModelRef) -> None:
        """Give a slot back."""
        self._slots[model].release()


class Chores:
    """Work that has to be finished whatever becomes of the call: closing, settling, booking."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def finish(self, chore: Awaitable[None]) -> None:
        """Do it, and go on doing it when the caller is cancelled meanwhile."""
        task = asyncio.ensure_future(self._do(chore))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)

    async def wait(self, seconds: float) -> None:
        """Wait for all that is left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def _do(self, chore: Awaitable[None]) -> None:
        try:
            await chore
        except Exception:
            logger.exception("llm.chore_failed")


@dataclass(frozen=True, slots=True)
class Parts:
    """The settings, and everything that they have made."""

    settings: LlmSettings
    providers: Mapping[str, Provider]
    prices: PriceList
    budget: Budget
    ledger: Ledger
    cache: AnswerCache | None
    breaker: Breaker
    metrics: LlmMetrics
    slots: Slots
    backoff: Backoff
    chores: Chores = field(default_factory=Chores)
