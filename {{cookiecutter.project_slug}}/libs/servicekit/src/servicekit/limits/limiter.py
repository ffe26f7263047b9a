"""Rate limits per tenant: a fixed window, shared through Redis by leases.

A call to Redis for every request would cost more than the request. So a process leases a portion of the window's
budget with one atomic increment and spends it locally. Portions grow with demand, up to a twentieth of the limit: small
limits are leased call by call. The processes together never get more than the limit, because the increments of all of
them lie side by side on one counter and only what lies below the limit is spent. What a process has leased and not
spent when the window ends is lost to the others; that is the price, at most a twentieth of the limit per process.
"""

import asyncio
import time
from collections.abc import Callable

import structlog
from limits.aio.storage import Storage

from servicekit.limits.limit import Grant, Limit, Window
from servicekit.limits.metrics import LimiterMetrics
from servicekit.problems import Unavailable

LEASE_SHARE = 20
"""A lease is at most this fraction of the limit."""
LEASE_SECONDS = 1.0
"""How long a lease is meant to last. One that is used up sooner is followed by one of up to double size, one that lasts
longer by a smaller one."""
RETRY_SECONDS = 1.0
"""How long Redis is left alone after a failure: requests must not queue up behind its time-outs."""
MAX_WINDOWS = 100_000

logger = structlog.get_logger(__name__)


class LimiterUnavailable(Unavailable):
    """The counter cannot be reached, and the settings say that nobody passes uncounted."""

    code = "rate_limiter_unavailable"

    def __init__(self) -> None:
        super().__init__("Rate limits cannot be checked at the moment.", retry_after=1)


class RateLimiter:
    """Counts the calls of tenants, alone (without `storage`) or together with other processes."""

    def __init__(
        self,
        storage: Storage | None,
        metrics: LimiterMetrics,
        *,
        refuse_on_failure: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._storage = storage
        self._metrics = metrics
        self._refuse_on_failure = refuse_on_failure
        self._now = now
        self._windows: dict[tuple[str, bytes], Window] = {}
        self._retry_at = 0.0

    def take_now(self, tenant: str, limit: Limit) -> Grant | None:
        """Take one call from what this process holds; None if it has to ask first."""
        now = self._now()
        window = self._window(tenant, limit, now)
        if window.tokens > 0:
            window.tokens -= 1
            return Grant(True, limit, window.remaining, window.ends - now)
        if window.exhausted:
            self._metrics.refused(limit.name)
            return Grant(False, limit, 0, window.ends - now)
        return None

    async def take(self, tenant: str, limit: Limit) -> Grant:
        """Take one call, leasing more of the budget if needed.

        Raises:
            LimiterUnavailable: the storage does not answer and the policy is to refuse.
        """
        while True:
            grant = self.take_now(tenant, limit)
            if grant is not None:
                return grant
            window = self._window(tenant, limit, self._now())
            if window.leasing is None:
                window.leasing = asyncio.create_task(self._lease(window, tenant, limit))
            await asyncio.shield(window.leasing)  # all who wait go on at once; one who gives up stops nobody else

    def _window(self, tenant: str, limit: Limit, now: float) -> Window:
        key = (tenant, limit.policy)
        window = self._windows.get(key)
        if window is None or now >= window.ends:
            if len(self._windows) >= MAX_WINDOWS:
                self._windows = {key: window for key, window in self._windows.items() if window.ends > now}
            index = int(now // limit.seconds)
            # The size of leases outlives the window: a busy tenant does not begin with single calls each time.
            asked_at, portion = (window.asked_at, window.portion) if window else (now, 1)
            window = Window(index, ends=(index + 1) * limit.seconds, asked_at=asked_at, portion=portion)
            if self._storage is None:
                window.lease(limit.amount)
                window.exhausted = True
            self._windows[key] = window
        return window

    async def _lease(self, window: Window, tenant: str, limit: Limit) -> None:
        try:
            await self._ask(window, tenant, limit)
        finally:
            window.leasing = None

    async def _ask(self, window: Window, tenant: str, limit: Limit) -> None:
        portion = self._portion(window, limit)
        try:
            used = await self._increment(
                f"{tenant}/{limit.name}/{limit.amount}/{window.index}", limit, portion + window.debt
            )
        except Exception as error:
            self._failed(error)
            self._lease_alone(window, limit, portion)
            return
        window.debt = 0
        granted = max(0, portion - max(0, used - limit.amount))
        window.lease(granted)
        window.exhausted = granted < portion
        window.left_by_others = max(0, limit.amount - used)

    def _lease_alone(self, window: Window, limit: Limit, portion: int) -> None:
        """Count in this process while the storage does not answer, and owe the storage what was given out."""
        if self._refuse_on_failure:
            raise LimiterUnavailable
        granted = min(portion, max(0, limit.amount - window.leased))
        window.debt += granted
        window.lease(granted)
        window.exhausted = granted < portion
        window.left_by_others = max(0, limit.amount - window.leased)

    def _portion(self, window: Window, limit: Limit) -> int:
        now = self._now()
        lasted = max(now - window.asked_at, LEASE_SECONDS / 2)
        window.asked_at = now
        fitting = int(window.portion * LEASE_SECONDS / lasted)
        window.portion = max(1, min(fitting, limit.amount // LEASE_SHARE))
        return window.portion

    async def _increment(self, key: str, limit: Limit, amount: int) -> int:
        if self._storage is None or self._now() < self._retry_at:
            raise ConnectionError("resting after a failure")
        used = await self._storage.incr(key, 2 * limit.seconds, amount)
        self._metrics.up(True)
        return used

    def _failed(self, error: Exception) -> None:
        if self._now() >= self._retry_at:
            self._retry_at = self._now() + RETRY_SECONDS
            self._metrics.failed()
            logger.warning("rate_limit.storage_failed", error=type(error).__name__)
        self._metrics.up(False)
