"""Money counted in Redis, and in the database for as long as Redis does not answer.

The usage ledger ties the two together. While Redis is away, the database's row follows the ledger, which holds what
Redis has counted except for the last moment. When Redis is back, each day is raised to what the database knows before
it is used. What is set aside elsewhere is not seen during the change, so a limit may then be passed by the reservations
that are open at that moment, not by more.
"""

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import structlog
from redis.exceptions import RedisError

from llmkit.money.metrics import MoneyMetrics
from llmkit.money.ports import Claim, DayState, Decision
from llmkit.money.redis import RedisBudgetStore
from llmkit.money.sql import SqlBudgetStore
from servicekit.database.errors import UNREACHABLE

AWAY = (RedisError, OSError, TimeoutError)
REST_SECONDS = 1.0
"""How long Redis is left alone after a failure: calls must not queue up behind its time-outs."""
_log = structlog.get_logger(__name__)


class SharedBudgetStore:
    """See `BudgetStore`."""

    def __init__(
        self,
        redis: RedisBudgetStore,
        database: SqlBudgetStore,
        metrics: MoneyMetrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._rests_until = 0.0
        self._in_database: set[Claim] = set()
        """What was set aside while Redis was away, and has to be freed there."""

    async def reserve(self, claim: Claim, limit: Decimal) -> Decision:
        """Set the amount aside if it fits."""
        if self._redis_is_there():
            try:
                decision = await self._redis.reserve(claim, limit)
            except AWAY as error:
                self._failed(error)
            else:
                self._metrics.storage_up(True)
                return decision
        decision = await self._database.reserve(claim, limit)
        if decision.granted:
            self._in_database.add(claim)
        return decision

    async def settle(self, claim: Claim, cost: Decimal) -> DayState:
        """Book the cost where it is counted now, and free the claim where it was made."""
        if not self._redis_is_there():
            return await self._settle_in_database(claim, cost)
        try:
            state = await self._redis.settle(claim, cost)
        except AWAY as error:
            self._failed(error)
            return await self._settle_in_database(claim, cost)
        if claim in self._in_database:
            try:
                await self._settle_in_database(claim, cost)
            except UNREACHABLE as error:  # the claim expires there by itself, and the cost is known here
                _log.warning("settlement_incomplete", error=type(error).__name__, tenant=claim.tenant)
                self._in_database.discard(claim)
        return state

    async def _settle_in_database(self, claim: Claim, cost: Decimal) -> DayState:
        state = await self._database.settle(claim, cost)
        self._in_database.discard(claim)
        return state

    async def state(self, tenant: str, day: date) -> DayState:
        """Return what is counted."""
        if self._redis_is_there():
            try:
                return await self._redis.state(tenant, day)
            except AWAY as error:
                self._failed(error)
        return await self._database.state(tenant, day)

    async def mark_alerted(self, tenant: str, day: date) -> bool:
        """Say whether this is the first alert of the day. The database knows, whoever counts."""
        return await self._database.mark_alerted(tenant, day)

    async def sweep(self) -> None:
        """Free what has expired in the database; in Redis that happens when the money is needed."""
        await self._database.sweep()

    def _redis_is_there(self) -> bool:
        return self._clock() >= self._rests_until

    def _failed(self, error: Exception) -> None:
        self._redis.forget()
        self._rests_until = self._clock() + REST_SECONDS
        self._metrics.storage_up(False)
        _log.warning("budget_storage_failed", error=type(error).__name__, instead="database")
