"""Where money that is spent and set aside is counted, whichever technology counts it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """Money that one call wants to set aside."""

    id: UUID
    tenant: str
    day: date
    """The UTC day whose budget pays."""
    amount: Decimal
    expires_at: datetime
    """When it is free again, should nobody settle it."""


@dataclass(frozen=True, slots=True)
class DayState:
    """What one tenant has spent and set aside on one day, in dollars."""

    spent: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a claim was granted, and what the day looks like after it."""

    granted: bool
    state: DayState


class BudgetStore(Protocol):
    """Counts the money of tenants by day. Every method is atomic, also between processes."""

    async def reserve(self, claim: Claim, limit: Decimal) -> Decision:
        """Set the amount aside if what is spent, set aside and claimed stays within the limit."""
        ...

    async def settle(self, claim: Claim, cost: Decimal) -> DayState:
        """Add the cost to what is spent and free the claim, unless it was freed before because it had expired."""
        ...

    async def state(self, tenant: str, day: date) -> DayState:
        """Return what is counted at the moment."""
        ...

    async def mark_alerted(self, tenant: str, day: date) -> bool:
        """Note that the day's alert is given; True only for the first one who does."""
        ...

    async def sweep(self) -> None:
        """Free what processes that died have set aside."""
        ...
