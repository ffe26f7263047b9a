"""What the governed chat model needs from its surroundings, whichever technology gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage

from llmkit.call import Call, ModelRef, PromptRef, TokenUsage


class PriceList(Protocol):
    """What tokens cost."""

    def cost(self, model: ModelRef, usage: TokenUsage) -> Decimal:
        """Return the price in US dollars; `UnknownPrice` when it is unknown and may not be guessed."""
        ...


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside for one call."""

    id: UUID
    tenant: str
    amount_usd: Decimal


class Budget(Protocol):
    """Money that tenants and requests may spend: reserve before, settle after."""

    async def reserve(self, call: Call, amount_usd: Decimal) -> Reservation:
        """Set money aside; `BudgetExceeded` when it is not there, `ModelsStopped` when the stop switch is on."""
        ...

    async def settle(self, reservation: Reservation, cost_usd: Decimal) -> None:
        """Book what was really spent and free the rest; 0 when nothing was."""
        ...


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One call, as it is booked."""

    id: UUID
    at: datetime
    tenant: str
    purpose: str
    model: ModelRef
    usage: TokenUsage
    cost_usd: Decimal
    outcome: str
    """`ok`, `cached` or the code of the error."""
    prompt: PromptRef | None = None
    request_id: str | None = None
    seconds: float = 0.0


class Ledger(Protocol):
    """Where usage is booked."""

    async def record(self, entry: LedgerEntry) -> None:
        """Book a call. Never raises for a database that is away: it is logged, and tried again later."""
        ...


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An earlier answer and how it was found."""

    message: AIMessage
    model: ModelRef
    kind: Literal["exact", "semantic"]


class AnswerCache(Protocol):
    """Earlier answers. Keys hold tenant, purpose, prompt version, models, options and messages: none is ever shared."""

    async def find(
        self, call: Call, models: Sequence[ModelRef], messages: Sequence[BaseMessage], options: str
    ) -> CachedAnswer | None:
        """Return an answer to the same question, or None; `options` is whatever else changes the answer."""
        ...

    async def store(
        self,
        call: Call,
        models: Sequence[ModelRef],
        messages: Sequence[BaseMessage],
        options: str,
        answer: CachedAnswer,
    ) -> None:
        """Keep a complete answer; errors are logged and not raised."""
        ...


class Breaker(Protocol):
    """Keeps calls away from a model that fails, one circuit per model."""

    async def allow(self, model: ModelRef) -> bool:
        """Whether a call may be sent now. While the circuit is open, one probe at a time may."""
        ...

    async def succeeded(self, model: ModelRef) -> None:
        """Note a call that was answered."""
        ...

    async def failed(self, model: ModelRef) -> None:
        """Note a call that failed by the provider's fault."""
        ...
