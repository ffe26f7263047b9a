"""Puts the parts of money together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from llmkit.background import repeating
from llmkit.call import ModelRef
from llmkit.money import repository
from llmkit.money.budget import TenantBudget
from llmkit.money.ledger import SqlLedger
from llmkit.money.metrics import LedgerMetrics, MoneyMetrics
from llmkit.money.ports import BudgetStore
from llmkit.money.prices import ListedPrices
from llmkit.money.redis import RedisBudgetStore
from llmkit.money.settings import MoneySettings
from llmkit.money.shared import SharedBudgetStore
from llmkit.money.sql import SqlBudgetStore
from llmkit.money.stop import StopSwitch
from servicekit.database import Database, utc_now
from servicekit.database.errors import UNREACHABLE

LOOK_SECONDS = 1.0
"""Pause between two looks at the stop switch."""
REFRESH_SECONDS = 15.0
"""Pause between two looks at budgets: gauges, expired reservations, settlements that could not be made."""
PURGE_SECONDS = 3600.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Money:
    """Everything about money in one process. Keep it `running` while models are called."""

    settings: MoneySettings
    prices: ListedPrices
    budget: TenantBudget
    ledger: SqlLedger
    stop: StopSwitch
    database: Database

    @asynccontextmanager
    async def running(self, models: Sequence[ModelRef] = ()) -> AsyncIterator[None]:
        """Write usage and look after budgets in the background; at the end, settle and write what is left.

        The prices of `models` are looked up at the start, so that no request waits for the price list.
        """
        preload = asyncio.create_task(asyncio.to_thread(self.prices.preload, models), name="llm-prices")
        async with self.ledger.running():
            try:
                async with AsyncExitStack() as stack:
                    await stack.enter_async_context(repeating(self.stop.refresh, seconds=LOOK_SECONDS, name="llm-stop"))
                    await stack.enter_async_context(
                        repeating(self._refresh, seconds=REFRESH_SECONDS, name="llm-budget")
                    )
                    await stack.enter_async_context(repeating(self._purge, seconds=PURGE_SECONDS, name="llm-purge"))
                    yield
            finally:
                await self.budget.close()
                await preload

    async def _refresh(self) -> None:
        try:
            await self.budget.refresh()
        except UNREACHABLE as error:
            _log.warning("budget_refresh_postponed", error=type(error).__name__)

    async def _purge(self) -> None:
        before = utc_now().date() - timedelta(days=self.settings.retention_days)
        async with self.database.session() as session:
            await repository.purge(session, before)


def build_money(
    settings: MoneySettings, *, database: Database, redis: Redis | None, registry: CollectorRegistry
) -> Money:
    """Make the parts: budgets are counted in Redis if there is one, else in the database. Opens nothing."""
    metrics = MoneyMetrics(registry)
    stop = StopSwitch(database, metrics)
    return Money(
        settings=settings,
        prices=ListedPrices(settings),
        budget=TenantBudget(settings, _store(database, redis, metrics), stop, metrics),
        ledger=SqlLedger(database, metrics, LedgerMetrics(registry), flush_seconds=settings.flush_seconds),
        stop=stop,
        database=database,
    )


def _store(database: Database, redis: Redis | None, metrics: MoneyMetrics) -> BudgetStore:
    if redis is None:
        return SqlBudgetStore(database)
    counted = SqlBudgetStore(database, follow_ledger=True)
    return SharedBudgetStore(RedisBudgetStore(redis, counted.spent), counted, metrics)
