"""What callers send and get back about usage and the stop switch."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from llmkit.money.stop import StopState


class UsageRow(BaseModel):
    """Usage of one group; of the columns that were not asked for, nothing is said."""

    model_config = ConfigDict(from_attributes=True)

    day: date | None = None
    tenant: str | None = None
    provider: str | None = None
    model: str | None = None
    purpose: str | None = None
    calls: int
    cached: int = Field(description="Calls that were answered from the cache.")
    failed: int
    input_tokens: int = Field(description="Those the provider had cached are included.")
    cached_input_tokens: int
    output_tokens: int
    estimated_calls: int = Field(description="Calls whose tokens were counted here: the provider did not tell.")
    cost_usd: Decimal
    seconds: float


class BudgetState(BaseModel):
    """The caller's budget of the present UTC day, in dollars."""

    day: date
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal = Field(description="Set aside for calls that are under way.")


class UsageReport(BaseModel):
    """Usage from one UTC day to another, both included."""

    since: date
    until: date
    by: list[str]
    items: list[UsageRow]
    total: UsageRow
    budget: BudgetState


class StopRequest(BaseModel):
    """Switch all models off, or on again."""

    model_config = ConfigDict(extra="forbid")

    stopped: StrictBool
    reason: StrictStr = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$", description="Shown to callers.")


class StopDocument(BaseModel):
    """The position of the stop switch, and who brought it there."""

    stopped: bool
    reason: str
    actor: str | None
    changed_at: datetime | None

    @classmethod
    def of(cls, state: StopState) -> "StopDocument":
        """Describe a position."""
        return cls(stopped=state.stopped, reason=state.reason, actor=state.actor, changed_at=state.changed_at)
