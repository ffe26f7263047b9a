"""The statements behind API keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.auth.models import ApiKey


async def find_usable(session: AsyncSession, key_id: str, now: datetime) -> ApiKey | None:
    """Return a key that is neither revoked nor expired."""
    alive = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    return (
        await session.scalars(select(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None), alive))
    ).one_or_none()


async def mark_used(session: AsyncSession, key_id: str, now: datetime) -> None:
    """Note when a key was used."""
    await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))


async def revoke(session: AsyncSession, key_id: str, now: datetime) -> bool:
    """End a key; False when there is none, or it was revoked before."""
    usable = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    revoked = await session.scalars(usable.values(revoked_at=now).returning(ApiKey.id))
    return revoked.one_or_none() is not None


async def list_keys(session: AsyncSession, tenant: str | None) -> Sequence[ApiKey]:
    """Return the keys of a tenant or of all, oldest first."""
    statement = select(ApiKey).order_by(ApiKey.tenant, ApiKey.created_at)
    return (await session.scalars(statement if tenant is None else statement.filter_by(tenant=tenant))).all()
