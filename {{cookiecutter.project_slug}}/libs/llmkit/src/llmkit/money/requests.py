"""What single requests have spent and set aside: counted in this process, which is where a request lives."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from llmkit.call import Call
from llmkit.errors import BudgetExceeded

FORGET_SECONDS = 600.0
"""A request is over by then. Whoever uses one request id again sooner goes on with the same budget."""

RequestKey: TypeAlias = tuple[str, str]
"""Tenant and request id."""


@dataclass(slots=True)
class _Spending:
    since: float
    used: Decimal = Decimal(0)


class RequestBudgets:
    """Holds the calls of a request together within one limit; a call without a request id is one by itself."""

    def __init__(self, limit: Decimal, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._open: OrderedDict[RequestKey, _Spending] = OrderedDict()

    def take(self, call: Call, amount: Decimal) -> RequestKey | None:
        """Set an amount aside; BudgetExceeded when it does not fit. The key is for `change`."""
        key = (call.tenant, call.request_id) if call.request_id else None
        self._forget_old()
        known = self._open.get(key) if key else None
        used = known.used if known else Decimal(0)
        if used + amount > self._limit:
            raise BudgetExceeded(
                f"This call may cost ${amount.normalize():f}, and a request may spend ${self._limit:f}, "
                f"of which ${used.normalize():f} is used.",
                hint="Ask for less at once, or ask the operator for a larger MONEY__REQUEST_USD.",
            )
        if key is not None:
            self._open.setdefault(key, _Spending(self._clock())).used += amount
        return key

    def change(self, key: RequestKey | None, amount: Decimal) -> None:
        """Correct what is used by the difference of cost and reservation."""
        spending = self._open.get(key) if key else None
        if spending is not None:
            spending.used += amount

    def _forget_old(self) -> None:
        while self._open:
            key, oldest = next(iter(self._open.items()))
            if self._clock() - oldest.since < FORGET_SECONDS:
                return
            del self._open[key]
