"""Money counted in this process alone: for tests, and for tools that serve nobody."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from llmkit.money.ports import Claim, DayState, Decision
from servicekit.database import utc_now


class MemoryBudgetStore:
    """See `BudgetStore`."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._spent: defaultdict[tuple[str, date], Decimal] = defaultdict(Decimal)
        self._open: dict[UUID, Claim] = {}
        self._alerted: set[tuple[str, date]] = set()

    async def reserve(self, claim: Claim, limit: Decimal) -> Decision:
        """Set the amount aside if it fits."""
        await self.sweep()
        before = await self.state(claim.tenant, claim.day)
        if before.spent + before.reserved + claim.amount > limit:
            return Decision(False, before)
        self._open[claim.id] = claim
        return Decision(True, await self.state(claim.tenant, claim.day))

    async def settle(self, claim: Claim, cost: Decimal) -> DayState:
        """Book the cost and free the claim."""
        self._open.pop(claim.id, None)
        self._spent[claim.tenant, claim.day] += cost
        return await self.state(claim.tenant, claim.day)

    async def state(self, tenant: str, day: date) -> DayState:
        """Return what is counted."""
        reserved = [claim.amount for claim in self._open.values() if (claim.tenant, claim.day) == (tenant, day)]
        return DayState(self._spent[tenant, day], sum(reserved, Decimal(0)))

    async def mark_alerted(self, tenant: str, day: date) -> bool:
        """Say whether this is the first alert of the day."""
        known = (tenant, day) in self._alerted
        self._alerted.add((tenant, day))
        return not known

    async def sweep(self) -> None:
        """Free what has expired."""
        now = self._now()
        self._open = {key: claim for key, claim in self._open.items() if claim.expires_at > now}
