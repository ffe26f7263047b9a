"""Statements about cached answers. Every one of them names the tenant."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from llmkit.cache.models import AnswerTag, CachedAnswerRow

CANDIDATES = 500
"""Newest answers of one scope that are compared by meaning."""


async def find_exact(session: AsyncSession, tenant: str, key: str, now: datetime) -> CachedAnswerRow | None:
    """Return the answer to exactly this call."""
    found = select(CachedAnswerRow).where(
        CachedAnswerRow.tenant == tenant, CachedAnswerRow.key == key, CachedAnswerRow.expires_at > now
    )
    return cast("CachedAnswerRow | None", await session.scalar(found))


async def find_alike(
    session: AsyncSession, tenant: str, scope: str, fingerprint: str, now: datetime
) -> Sequence[tuple[UUID, str, bytes]]:
    """Return id, question and vector of answers to calls that differ in the question only, newest first."""
    columns = select(CachedAnswerRow.id, CachedAnswerRow.question, CachedAnswerRow.vector)
    alike = columns.where(
        CachedAnswerRow.tenant == tenant,
        CachedAnswerRow.scope == scope,
        CachedAnswerRow.fingerprint == fingerprint,
        CachedAnswerRow.vector.is_not(None),
        CachedAnswerRow.expires_at > now,
    )
    newest = alike.order_by(CachedAnswerRow.id.desc()).limit(CANDIDATES)
    rows = await session.execute(newest)
    return [(row[0], row[1] or "", row[2]) for row in rows if row[2] is not None]


async def replace(
    session: AsyncSession, values: Mapping[str, object], tags: Sequence[str], *, now: datetime, keep: int
) -> None:
    """Keep an answer instead of an older one to the same call; drop what has expired and what is too much."""
    tenant = values["tenant"]
    same = (CachedAnswerRow.tenant == tenant, CachedAnswerRow.key == values["key"])
    await session.execute(delete(CachedAnswerRow).where(*same))
    await session.execute(insert(CachedAnswerRow).values(**values))
    if tags:
        rows = [{"answer_id": values["id"], "tag": tag, "tenant": tenant} for tag in tags]
        await session.execute(insert(AnswerTag), rows)
    await session.execute(
        delete(CachedAnswerRow).where(CachedAnswerRow.tenant == tenant, CachedAnswerRow.expires_at <= now)
    )
    newest_first = select(CachedAnswerRow.id).where(CachedAnswerRow.tenant == tenant)
    surplus = newest_first.order_by(CachedAnswerRow.id.desc()).offset(keep)
    await session.execute(
        delete(CachedAnswerRow).where(CachedAnswerRow.tenant == tenant, CachedAnswerRow.id.in_(surplus))
    )


async def delete_tagged(session: AsyncSession, tenant: str, tag: str) -> int:
    """Delete the answers that rest on something, as a part of the session's unit of work; return how many."""
    resting = select(AnswerTag.answer_id).where(AnswerTag.tenant == tenant, AnswerTag.tag == tag)
    gone = delete(CachedAnswerRow).where(CachedAnswerRow.tenant == tenant, CachedAnswerRow.id.in_(resting))
    return cast("CursorResult[Any]", await session.execute(gone)).rowcount
