"""The statements behind an Idempotency-Key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.idempotency.models import IdempotencyRecord


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One use of a key: whose, where, and the token of this execution."""

    tenant: str
    route: str
    key: str
    fingerprint: str
    token: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


async def reserve(session: AsyncSession, use: KeyUse, *, now: datetime, until: datetime) -> IdempotencyRecord | None:
    """Reserve a key, taking over what has expired; return the record in the way, None when the key is ours."""
    insert = insert_postgresql if session.get_bind().dialect.name == "postgresql" else insert_sqlite
    ours = {"fingerprint": use.fingerprint, "token": use.token, "expires_at": until}
    fresh = insert(IdempotencyRecord).values(tenant=use.tenant, route=use.route, key=use.key, **ours)
    reservation = fresh.on_conflict_do_update(
        index_elements=["tenant", "route", "key"],
        set_={**ours, "status": None, "headers": None, "body": None},
        where=IdempotencyRecord.expires_at < now,
    ).returning(IdempotencyRecord.token)
    if (await session.scalars(reservation)).one_or_none() is not None:
        return None
    same = select(IdempotencyRecord).filter_by(tenant=use.tenant, route=use.route, key=use.key)
    return (await session.scalars(same)).one()


async def complete(session: AsyncSession, use: KeyUse, answer: StoredAnswer, *, expires_at: datetime) -> bool:
    """Store the answer with the work it reports; False when somebody else holds the key by now."""
    values = {"status": answer.status, "headers": answer.headers, "body": answer.body, "expires_at": expires_at}
    result = await session.execute(update(IdempotencyRecord).where(_held(use)).values(**values))
    return cast("CursorResult[Any]", result).rowcount == 1


async def release(session: AsyncSession, use: KeyUse) -> None:
    """Give a key back whose work was not done."""
    await session.execute(delete(IdempotencyRecord).where(_held(use)))


async def purge(session: AsyncSession, now: datetime) -> None:
    """Forget what has expired."""
    await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.expires_at < now))


def _held(use: KeyUse) -> Any:  # noqa: ANN401 - SQLAlchemy's own types of a condition cannot be named shortly
    return and_(
        IdempotencyRecord.tenant == use.tenant,
        IdempotencyRecord.route == use.route,
        IdempotencyRecord.key == use.key,
        IdempotencyRecord.token == use.token,
    )
