"""Money counted in the database: one row per tenant and day, changed by single conditional statements.

The order of statements is always the day's row first and reservations after it, so two processes never wait for each
other in a circle. On SQLite the write lock makes them take turns, on PostgreSQL the row's lock does.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, case, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from llmkit.money.amounts import Usd
from llmkit.money.models import BudgetDay, OpenReservation, Usage
from llmkit.money.ports import Claim, DayState, Decision
from servicekit.database import Database, utc_now

ZERO = Decimal(0)


class SqlBudgetStore:
    """See `BudgetStore`.

    With `follow_ledger`, each reservation first raises what is spent to what the usage ledger says: Redis has counted
    until a moment ago.
    """

    def __init__(
        self, database: Database, *, follow_ledger: bool = False, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._follow_ledger = follow_ledger
        self._now = now

    async def reserve(self, claim: Claim, limit: Decimal) -> Decision:
        """Set the amount aside if it fits; expired reservations are looked for only when it does not."""
        async with self._database.session() as session:
            if self._follow_ledger:
                await _open_day(session, claim.tenant, claim.day)
                await _follow_ledger(session, claim.tenant, claim.day)
            state = await _take(session, claim, limit)
            if state is None:
                await _open_day(session, claim.tenant, claim.day)
                await _free_expired(session, claim.tenant, claim.day, self._now())
                state = await _take(session, claim, limit)
            if state is None:
                return Decision(False, await _state(session, claim.tenant, claim.day))
            await session.execute(
                insert(OpenReservation).values(
                    id=claim.id,
                    tenant=claim.tenant,
                    day=claim.day,
                    amount_usd=claim.amount,
                    expires_at=claim.expires_at,
                )
            )
            return Decision(True, state)

    async def settle(self, claim: Claim, cost: Decimal) -> DayState:
        """Book the cost and free the claim."""
        async with self._database.session() as session:
            await _open_day(session, claim.tenant, claim.day)
            await session.execute(_change(claim.tenant, claim.day, spent_usd=BudgetDay.spent_usd + _usd(cost)))
            mine = delete(OpenReservation).where(OpenReservation.id == claim.id).returning(OpenReservation.amount_usd)
            freed = (await session.scalars(mine)).one_or_none()
            if freed is not None:
                await session.execute(
                    _change(claim.tenant, claim.day, reserved_usd=BudgetDay.reserved_usd - _usd(freed))
                )
            return await _state(session, claim.tenant, claim.day)

    async def state(self, tenant: str, day: date) -> DayState:
        """Return what is counted."""
        async with self._database.reading() as session:
            return await _state(session, tenant, day)

    async def spent(self, tenant: str, day: date) -> Decimal:
        """Return what is spent by this store's own count or by the ledger's, whichever is more."""
        async with self._database.reading() as session:
            counted = (await _state(session, tenant, day)).spent
            booked = await session.scalar(select(_booked(tenant, day)))
            return max(counted, booked or ZERO)

    async def mark_alerted(self, tenant: str, day: date) -> bool:
        """Say whether this is the first alert of the day."""
        async with self._database.session() as session:
            await _open_day(session, tenant, day)
            first = _change(tenant, day, alerted=True).where(BudgetDay.alerted.is_(False))
            return cast("CursorResult[Any]", await session.execute(first)).rowcount == 1

    async def sweep(self) -> None:
        """Free what has expired, of all tenants, each in a transaction of its own."""
        now = self._now()
        expired = select(OpenReservation.tenant, OpenReservation.day).where(OpenReservation.expires_at <= now)
        async with self._database.reading() as session:
            days = (await session.execute(expired.distinct())).all()
        for tenant, day in days:
            async with self._database.session() as session:
                await _free_expired(session, tenant, day, now)


async def _take(session: AsyncSession, claim: Claim, limit: Decimal) -> DayState | None:
    """The one statement that decides."""
    reserved = BudgetDay.reserved_usd + _usd(claim.amount)
    fits = BudgetDay.spent_usd + reserved <= _usd(limit)
    take = _change(claim.tenant, claim.day, reserved_usd=reserved).where(fits)
    row = (await session.execute(take.returning(BudgetDay.spent_usd, BudgetDay.reserved_usd))).one_or_none()
    return None if row is None else DayState(row[0], row[1])


async def _open_day(session: AsyncSession, tenant: str, day: date) -> None:
    """Make the day's row, unless it is there; what the ledger has booked already counts as spent."""
    dialect = insert_postgresql if session.get_bind().dialect.name == "postgresql" else insert_sqlite
    if (await session.scalar(select(BudgetDay.alerted).where(_of(tenant, day)))) is not None:
        return
    booked = await session.scalar(select(_booked(tenant, day))) or ZERO
    row = {"tenant": tenant, "day": day, "spent_usd": booked, "reserved_usd": ZERO, "alerted": False}
    await session.execute(dialect(BudgetDay).values(**row).on_conflict_do_nothing())


async def _follow_ledger(session: AsyncSession, tenant: str, day: date) -> None:
    booked = _booked(tenant, day)
    raised = case((BudgetDay.spent_usd < booked, booked), else_=BudgetDay.spent_usd)
    await session.execute(_change(tenant, day, spent_usd=raised))


async def _free_expired(session: AsyncSession, tenant: str, day: date, now: datetime) -> None:
    """Give back what processes that died have set aside. The row is locked first, as everywhere."""
    await session.execute(select(BudgetDay.day).where(_of(tenant, day)).with_for_update())
    expired = and_(OpenReservation.tenant == tenant, OpenReservation.day == day, OpenReservation.expires_at <= now)
    freed = (await session.scalars(delete(OpenReservation).where(expired).returning(OpenReservation.amount_usd))).all()
    if freed:
        less = BudgetDay.reserved_usd - _usd(sum(freed, ZERO))
        await session.execute(_change(tenant, day, reserved_usd=less))


async def _state(session: AsyncSession, tenant: str, day: date) -> DayState:
    found = await session.execute(select(BudgetDay.spent_usd, BudgetDay.reserved_usd).where(_of(tenant, day)))
    row = found.one_or_none()
    return DayState() if row is None else DayState(row[0], row[1])


def _booked(tenant: str, day: date) -> Any:  # noqa: ANN401 - SQLAlchemy's type of a scalar subquery has no short name
    total = func.coalesce(func.sum(Usage.cost_usd), _usd(ZERO))
    return select(total).where(Usage.tenant == tenant, Usage.day == day).scalar_subquery()


def _change(tenant: str, day: date, **values: object) -> Any:  # noqa: ANN401 - an UPDATE, with or without RETURNING
    changed = update(BudgetDay).where(_of(tenant, day)).values(**values)
    return changed.execution_options(synchronize_session=False)


def _usd(amount: Decimal) -> ColumnElement[Decimal]:
    """An amount as the columns hold it, also where SQLAlchemy cannot tell by the other operand."""
    return literal(amount, Usd())


def _of(tenant: str, day: date) -> ColumnElement[bool]:
    return and_(BudgetDay.tenant == tenant, BudgetDay.day == day)
