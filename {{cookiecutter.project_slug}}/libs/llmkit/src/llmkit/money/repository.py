"""Statements about the usage ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Select, case, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from llmkit.money.amounts import Usd
from llmkit.money.models import BudgetDay, Usage
from llmkit.ports import LedgerEntry

Grouping: TypeAlias = Literal["day", "model", "tenant", "purpose"]
GROUPINGS: tuple[Grouping, ...] = ("day", "model", "tenant", "purpose")
CACHED = "cached"
"""Outcome of a call that was answered from the cache."""
OK = ("ok", CACHED)


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """Usage summed over the calls that agree in the named columns; the other columns are None."""

    calls: int
    cached: int
    failed: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    estimated_calls: int
    cost_usd: Decimal
    seconds: float
    day: date | None = None
    provider: str | None = None
    model: str | None = None
    tenant: str | None = None
    purpose: str | None = None


async def insert_entries(session: AsyncSession, entries: Sequence[LedgerEntry]) -> None:
    """Book calls; one that is booked already is left as it is, so a batch may be sent again."""
    insert = insert_postgresql if session.get_bind().dialect.name == "postgresql" else insert_sqlite
    await session.execute(insert(Usage).on_conflict_do_nothing(), [_row(entry) for entry in entries])


async def summarise(
    session: AsyncSession, *, since: date, until: date, by: Sequence[Grouping], tenant: str | None
) -> list[UsageGroup]:
    """Sum usage from one day to another, both included; of one tenant, or of all when it is None."""
    columns = [column for name in by for column in _columns(name)]
    query: Select[Any] = select(*_sums(), *columns).where(Usage.day >= since, Usage.day <= until)
    if tenant is not None:
        query = query.where(Usage.tenant == tenant)
    if columns:
        query = query.group_by(*columns).order_by(*columns)
    return [UsageGroup(**row._mapping) for row in await session.execute(query)]


async def purge(session: AsyncSession, before: date) -> None:
    """Forget usage and budgets of days before this one."""
    await session.execute(delete(Usage).where(Usage.day < before))
    await session.execute(delete(BudgetDay).where(BudgetDay.day < before))


def _columns(name: Grouping) -> list[ColumnElement[Any]]:
    if name == "model":
        return [Usage.provider.label("provider"), Usage.model.label("model")]
    return [getattr(Usage, name).label(name)]


def _sums() -> list[ColumnElement[Any]]:
    def total(column: Any) -> ColumnElement[Any]:  # noqa: ANN401 - any numeric column
        return func.coalesce(func.sum(column), 0)

    def count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
        return total(case((condition, 1), else_=0))

    return [
        func.count().label("calls"),
        count(Usage.outcome == CACHED).label("cached"),
        count(Usage.outcome.not_in(OK)).label("failed"),
        total(Usage.input_tokens).label("input_tokens"),
        total(Usage.cached_input_tokens).label("cached_input_tokens"),
        total(Usage.output_tokens).label("output_tokens"),
        count(Usage.estimated.is_(True)).label("estimated_calls"),
        func.coalesce(func.sum(Usage.cost_usd), literal(Decimal(0), Usd())).label("cost_usd"),
        total(Usage.seconds).label("seconds"),
    ]


def _row(entry: LedgerEntry) -> dict[str, object]:
    prompt = entry.prompt
    return {
        "id": entry.id,
        "at": entry.at,
        "day": entry.at.astimezone(UTC).date(),
        "tenant": entry.tenant,
        "purpose": _text(entry.purpose, 64),
        "provider": _text(entry.model.provider, 64),
        "model": _text(entry.model.name, 128),
        "input_tokens": entry.usage.input,
        "cached_input_tokens": entry.usage.cached_input,
        "output_tokens": entry.usage.output,
        "estimated": entry.usage.estimated,
        "cost_usd": entry.cost_usd,
        "outcome": _text(entry.outcome, 64),
        "prompt_name": _text(prompt.name, 64) if prompt else None,
        "prompt_version": _text(prompt.version, 32) if prompt else None,
        "request_id": _text(entry.request_id, 128) if entry.request_id else None,
        "seconds": entry.seconds,
    }


def _text(value: str, length: int) -> str:
    """Make a text fit: a name too long, or with a null character, must not keep a call out of the books."""
    return value.replace("\x00", "")[:length]
