"""Tables of money: what was used, what each tenant has spent and set aside, and the stop switch."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from llmkit.money.amounts import Usd
from servicekit.database import Base


class Usage(Base):
    """One call of a model. The truth about money: budgets are rebuilt from it."""

    __tablename__ = "llm_usage"
    __table_args__ = (Index("ix_llm_usage_tenant_day", "tenant", "day"), Index("ix_llm_usage_day", "day"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    day: Mapped[date]
    """The UTC day of `at`."""
    tenant: Mapped[str] = mapped_column(String(128))
    purpose: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(128))
    input_tokens: Mapped[int]
    cached_input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    estimated: Mapped[bool]
    cost_usd: Mapped[Decimal] = mapped_column(Usd)
    outcome: Mapped[str] = mapped_column(String(64))
    prompt_name: Mapped[str | None] = mapped_column(String(64))
    prompt_version: Mapped[str | None] = mapped_column(String(32))
    request_id: Mapped[str | None] = mapped_column(String(128))
    seconds: Mapped[float]


class BudgetDay(Base):
    """What one tenant has spent and set aside on one UTC day, where no Redis counts it."""

    __tablename__ = "llm_budget_days"

    tenant: Mapped[str] = mapped_column(String(128), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    spent_usd: Mapped[Decimal] = mapped_column(Usd)
    reserved_usd: Mapped[Decimal] = mapped_column(Usd)
    alerted: Mapped[bool]
    """Whether the tenant's alert of this day has been given; true for budgets that Redis counts, too."""


class OpenReservation(Base):
    """Money set aside and not settled yet. One that has expired was left by a process that died."""

    __tablename__ = "llm_reservations"
    __table_args__ = (
        Index("ix_llm_reservations_tenant_day", "tenant", "day"),
        Index("ix_llm_reservations_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(String(128))
    day: Mapped[date]
    amount_usd: Mapped[Decimal] = mapped_column(Usd)
    expires_at: Mapped[datetime]


class Switch(Base):
    """The global stop switch, one row named `stop`; the row is missing until it is used for the first time."""

    __tablename__ = "llm_switches"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    stopped: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(255))
    tenant: Mapped[str] = mapped_column(String(128))
    """Whose key has switched."""
    changed_at: Mapped[datetime]
