"""The usage ledger: calls are taken at once and written to the database in batches a moment later."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from itertools import islice

import structlog
from sqlalchemy.exc import SQLAlchemyError

from llmkit.background import repeating
from llmkit.money import repository
from llmkit.money.metrics import LedgerMetrics, MoneyMetrics
from llmkit.ports import LedgerEntry
from servicekit.database import Database
from servicekit.database.errors import UNREACHABLE

BATCH = 200
CAPACITY = 100_000
"""Entries held while the database is away, about 100 MB; what comes after that is lost, counted and logged."""
PAUSE_SECONDS = 0.3
"""How long entries are collected before they are written."""
LONGEST_PAUSE_SECONDS = 10.0
"""How long the database is left alone when it was away for a while."""
_log = structlog.get_logger(__name__)


class SqlLedger:
    """See `Ledger`. What was recorded when `running` ends is in the database, if that answers in time."""

    def __init__(
        self,
        database: Database,
        money: MoneyMetrics,
        metrics: LedgerMetrics,
        *,
        flush_seconds: float,
        capacity: int = CAPACITY,
    ) -> None:
        self._database = database
        self._money = money
        self._metrics = metrics
        self._flush_seconds = flush_seconds
        self._capacity = capacity
        self._queue: deque[LedgerEntry] = deque()
        self._turn = asyncio.Lock()
        self._rests_until = 0.0
        self._pause = PAUSE_SECONDS
        self._writing: set[asyncio.Task[None]] = set()
        metrics.queued.set_function(lambda: len(self._queue))

    async def record(self, entry: LedgerEntry) -> None:
        """Take a call into the books."""
        self._money.booked(entry)
        if len(self._queue) >= self._capacity:
            self._lose("full", [entry])
            return
        self._queue.append(entry)

    async def flush(self, timeout: float) -> bool:  # noqa: ASYNC109 - the caller's patience is the point
        """Write what is recorded so far, waiting for `timeout` seconds at most; say whether all of it is written."""
        deadline = time.monotonic() + timeout
        while self._queue and (left := deadline - time.monotonic()) > 0:
            task = asyncio.create_task(self._write_all())
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
            await asyncio.wait([task], timeout=left)
            if self._queue:
                await asyncio.sleep(min(PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
        return not self._queue

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write in the background until the block ends, then what is left for a bounded time."""
        try:
            async with repeating(self._write_when_rested, seconds=PAUSE_SECONDS, name="llm-ledger"):
                yield
        finally:
            if not await self.flush(self._flush_seconds):
                self._lose("shutdown", self._queue)

    async def _write_when_rested(self) -> None:
        if time.monotonic() >= self._rests_until:
            await self._write_all()

    async def _write_all(self) -> None:
        """Write until nothing is left, or the database does not take it."""
        async with self._turn:
            while self._queue:
                if not await self._write(list(islice(self._queue, BATCH))):
                    self._rests_until = time.monotonic() + self._pause
                    self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
                    return
                self._pause = PAUSE_SECONDS

    async def _write(self, batch: Sequence[LedgerEntry]) -> bool:
        """Write the head of the queue and take it off; False when the database is away."""
        try:
            await self._insert(batch)
        except UNREACHABLE as error:
            self._metrics.failures.inc()
            _log.warning("ledger_database_unavailable", error=type(error).__name__, queued=len(self._queue))
            return False
        except SQLAlchemyError:
            return await self._write_one_by_one(batch)
        self._take_off(len(batch))
        return True

    async def _write_one_by_one(self, batch: Sequence[LedgerEntry]) -> bool:
        """Find the entries that the database refuses, so that they do not keep the others out."""
        for entry in batch:
            try:
                await self._insert([entry])
            except UNREACHABLE:
                self._metrics.failures.inc()
                return False
            except SQLAlchemyError as error:
                _log.error("ledger_entry_refused", error=type(error).__name__)
                self._lose("refused", [entry])
            self._take_off(1)
        return True

    async def _insert(self, entries: Sequence[LedgerEntry]) -> None:
        async with self._database.session() as session:
            await repository.insert_entries(session, entries)

    def _take_off(self, number: int) -> None:
        for _ in range(number):
            self._queue.popleft()

    def _lose(self, reason: str, entries: Collection[LedgerEntry]) -> None:
        self._metrics.lost.labels(reason).inc(len(entries))
        cost = sum(entry.cost_usd for entry in entries)
        _log.error("usage_lost", reason=reason, calls=len(entries), cost_usd=str(cost))
