"""Adapters that cost nothing, keep everything and say yes."""

from collections.abc import Sequence
from decimal import Decimal

from langchain_core.messages import BaseMessage

from llmkit.call import Call, ModelRef, TokenUsage
from llmkit.errors import BudgetExceeded, UnknownPrice
from llmkit.ports import CachedAnswer, LedgerEntry, Reservation
from servicekit.database import uuid7

MILLION = Decimal(1_000_000)


class FlatPrices:
    """One price for all models but the offline one, in US dollars for a million tokens in and out."""

    def __init__(self, sent: Decimal = Decimal(1), made: Decimal = Decimal(2)) -> None:
        self._sent = sent
        self._made = made
        self.unknown: set[ModelRef] = set()
        """Models without a price."""

    def cost(self, model: ModelRef, usage: TokenUsage) -> Decimal:
        """Return the price; `UnknownPrice` for those that shall have none."""
        if model in self.unknown:
            raise UnknownPrice(f"Nobody knows what {model} costs.")
        if model.provider == "offline":
            return Decimal(0)
        return (usage.input * self._sent + usage.output * self._made) / MILLION


class PurseBudget:
    """A purse for everyone: reservations are kept until they are settled."""

    def __init__(self, usd: Decimal = Decimal(1000)) -> None:
        self.left = usd
        self.open: dict[object, Reservation] = {}
        self.settled: list[tuple[Reservation, Decimal]] = []

    async def reserve(self, call: Call, amount_usd: Decimal) -> Reservation:
        """Take the amount out of the purse; `BudgetExceeded` when it is not in it."""
        if amount_usd > self.left:
            raise BudgetExceeded("The purse is empty.")
        self.left -= amount_usd
        made = Reservation(uuid7(), call.tenant, amount_usd)
        self.open[made.id] = made
        return made

    async def settle(self, reservation: Reservation, cost_usd: Decimal) -> None:
        """Put back what was not spent."""
        del self.open[reservation.id]
        self.left += reservation.amount_usd - cost_usd
        self.settled.append((reservation, cost_usd))


class ListLedger:
    """Keeps what is booked in a list."""

    def __init__(self) -> None:
        self.entries: list[LedgerEntry] = []

    async def record(self, entry: LedgerEntry) -> None:
        """Keep the entry."""
        self.entries.append(entry)


class DictCache:
    """Keeps answers to the very same question."""

    def __init__(self) -> None:
        self.answers: dict[tuple[object, ...], CachedAnswer] = {}
        self.asked = 0

    async def find(
        self, call: Call, models: Sequence[ModelRef], messages: Sequence[BaseMessage], options: str
    ) -> CachedAnswer | None:
        """Return the answer if it is there."""
        self.asked += 1
        return self.answers.get(_key(call, models, messages, options))

    async def store(
        self,
        call: Call,
        models: Sequence[ModelRef],
        messages: Sequence[BaseMessage],
        options: str,
        answer: CachedAnswer,
    ) -> None:
        """Keep the answer."""
        self.answers[_key(call, models, messages, options)] = answer


def _key(call: Call, models: Sequence[ModelRef], messages: Sequence[BaseMessage], options: str) -> tuple[object, ...]:
    texts = tuple((message.type, str(message.text)) for message in messages)
    return (call.tenant, call.purpose, call.prompt, tuple(models), texts, options)
