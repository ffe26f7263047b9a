"""Budgets per tenant and day and per request: money is set aside before a call and settled after it."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any, Protocol

import structlog

from llmkit.call import Call
from llmkit.errors import BudgetExceeded
from llmkit.money.amounts import DIGITS
from llmkit.money.metrics import MoneyMetrics
from llmkit.money.ports import BudgetStore, Claim, DayState, Decision
from llmkit.money.requests import RequestBudgets, RequestKey
from llmkit.money.settings import MoneySettings
from llmkit.ports import Reservation
from servicekit.database import utc_now, uuid7
from servicekit.database.errors import UNREACHABLE, DatabaseUnavailable

_UNIT = Decimal(1).scaleb(-DIGITS)
_log = structlog.get_logger(__name__)


class Stop(Protocol):
    """The stop switch, as budgets see it."""

    async def check(self) -> None:
        """Raise `ModelsStopped` when it is on."""
        ...


@dataclass(frozen=True, slots=True)
class HeldReservation(Reservation):
    """A reservation of `TenantBudget`."""

    claim: Claim
    request: RequestKey | None
    counted: bool
    """False for a free call, of which no store needs to know."""


class TenantBudget:
    """See `Budget`. Cancelling a caller never loses a settlement, nor leaves its money set aside."""

    def __init__(
        self,
        settings: MoneySettings,
        store: BudgetStore,
        stop: Stop,
        metrics: MoneyMetrics,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._store = store
        self._stop = stop
        self._metrics = metrics
        self._now = now
        self._requests = RequestBudgets(settings.request_usd, clock)
        self._alerted: set[tuple[str, date]] = set()
        self._unsettled: list[tuple[Claim, Decimal]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    async def reserve(self, call: Call, amount_usd: Decimal) -> HeldReservation:
        """Set money aside.

        Raises:
            BudgetExceeded: the tenant's day or the request has not so much left.
            ModelsStopped: the stop switch is on.
            DatabaseUnavailable: nobody can say what is left, so nothing is spent.
        """
        await self._stop.check()
        amount = max(Decimal(0), amount_usd).quantize(_UNIT, ROUND_UP)
        claim = self._claim(call.tenant, amount)
        try:
            request = self._requests.take(call, amount)
        except BudgetExceeded:
            self._metrics.refused("request")
            raise
        held = HeldReservation(claim.id, call.tenant, amount, claim, request, counted=amount > 0)
        if held.counted:
            try:
                await self._hold(claim)
            except BaseException:
                self._requests.change(request, -amount)
                raise
        return held

    async def settle(self, reservation: Reservation, cost_usd: Decimal) -> None:
        """Book what was spent. When nothing can be counted now, it is booked later; this never raises for that."""
        if not isinstance(reservation, HeldReservation):
            raise TypeError("this is no reservation of this budget")
        self._requests.change(reservation.request, cost_usd - reservation.amount_usd)
        if reservation.counted or cost_usd > 0:
            await asyncio.shield(self._spawn(self._book(reservation.claim, cost_usd)))

    async def state(self, tenant: str) -> tuple[date, DayState, Decimal]:
        """Return today (UTC), what is counted for it, and its limit."""
        day = self._now().date()
        return day, await self._store.state(tenant, day), self._settings.daily_limit(tenant)

    async def refresh(self) -> None:
        """Settle what could not be settled before, free what has expired, and look at the budgets in the metrics."""
        waiting, self._unsettled = self._unsettled, []
        for claim, cost in waiting:
            await self._book(claim, cost)
        await self._store.sweep()
        day = self._now().date()
        self._alerted = {known for known in self._alerted if known[1] >= day - timedelta(days=1)}
        for tenant in self._metrics.tenants(day):
            state = await self._store.state(tenant, day)
            self._metrics.show(tenant, day, state, self._settings.daily_limit(tenant))

    async def close(self) -> None:
        """Finish what is under way."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        waiting, self._unsettled = self._unsettled, []
        for claim, cost in waiting:
            await self._book(claim, cost)

    def _claim(self, tenant: str, amount: Decimal) -> Claim:
        now = self._now()
        expiry = now + timedelta(seconds=self._settings.reservation_seconds)
        return Claim(uuid7(), tenant, now.date(), amount, expiry)

    async def _hold(self, claim: Claim) -> None:
        limit = self._settings.daily_limit(claim.tenant)
        asking = self._spawn(self._store.reserve(claim, limit))
        try:
            decision = await asyncio.shield(asking)
        except asyncio.CancelledError:
            self._spawn(self._give_back(claim, asking))
            raise
        except UNREACHABLE as error:
            raise DatabaseUnavailable from error
        self._metrics.show(claim.tenant, claim.day, decision.state, limit)
        if not decision.granted:
            self._metrics.refused("tenant_day")
            if decision.state.spent + decision.state.reserved >= self._alert_from(limit):
                await self._alert(claim.tenant, claim.day, decision.state, limit)
            raise self._refusal(claim, decision.state, limit)

    async def _give_back(self, claim: Claim, asking: asyncio.Task[Decision]) -> None:
        """The caller went away while the store was asked; free what it may have been granted."""
        await asyncio.wait([asking])
        if asking.exception() is None and asking.result().granted:
            await self._book(claim, Decimal(0))

    async def _book(self, claim: Claim, cost: Decimal) -> None:
        try:
            state = await self._store.settle(claim, cost)
        except UNREACHABLE as error:
            _log.warning("settlement_postponed", error=type(error).__name__, tenant=claim.tenant, cost_usd=str(cost))
            self._unsettled.append((claim, cost))
            return
        limit = self._settings.daily_limit(claim.tenant)
        self._metrics.show(claim.tenant, claim.day, state, limit)
        if state.spent >= self._alert_from(limit):
            await self._alert(claim.tenant, claim.day, state, limit)

    def _alert_from(self, limit: Decimal) -> Decimal:
        return limit * Decimal(str(self._settings.alert_share))

    async def _alert(self, tenant: str, day: date, state: DayState, limit: Decimal) -> None:
        """Tell the operator, once per tenant and day over all processes."""
        if (tenant, day) in self._alerted:
            return
        try:
            first = await self._store.mark_alerted(tenant, day)
        except UNREACHABLE:
            return  # the next call tries again
        self._alerted.add((tenant, day))
        if first:
            self._metrics.alerted()
            _log.warning(
                "budget_alert", tenant=tenant, day=str(day), spent_usd=f"{state.spent:f}", limit_usd=f"{limit:f}"
            )

    def _refusal(self, claim: Claim, state: DayState, limit: Decimal) -> BudgetExceeded:
        midnight = datetime.combine(claim.day + timedelta(days=1), datetime.min.time(), self._now().tzinfo)
        return BudgetExceeded(
            f"This call may cost ${claim.amount.normalize():f}. Of today's ${limit:f}, ${state.spent.normalize():f} is "
            f"spent and ${state.reserved.normalize():f} set aside for calls under way.",
            retry_after=max(1, int((midnight - self._now()).total_seconds())),
        )

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
