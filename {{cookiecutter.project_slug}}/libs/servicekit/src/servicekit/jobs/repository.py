"""The statements behind a job's life. Each changes the row only if it is still in the expected state.

Two workers, two schedulers or a cancelling user may act on the same row at the same moment. Every change is therefore
one UPDATE that names what it expects; whoever comes second changes nothing and is told so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Update, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.database.types import Json
from servicekit.jobs.models import FINISHED, Job, JobState

PAGE = 500
"""How many rows one sweep takes at once."""
CLOCK_SKEW = timedelta(seconds=2)
"""How far the clocks of two machines may differ: a worker must not refuse a job because it came from the future."""


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Why a job or an attempt ended."""

    code: str
    detail: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The job that is running under a lease token: whoever writes to a running job names the claim it acts on."""

    job_id: UUID
    token: str
    expired_before: datetime | None = None
    """Set: only if the lease ended before this moment."""

    def condition(self) -> ColumnElement[bool]:
        """What must still be true of the row."""
        held = and_(Job.id == self.job_id, Job.state == JobState.RUNNING, Job.lease_owner == self.token)
        return held if self.expired_before is None else and_(held, Job.lease_until < self.expired_before)


async def insert(session: AsyncSession, values: dict[str, object]) -> Job | None:
    """Insert a job; None when the tenant has one of this kind and key already."""
    dialect = session.get_bind().dialect.name
    make_insert = insert_postgresql if dialect == "postgresql" else insert_sqlite
    statement = make_insert(Job).values(**values).on_conflict_do_nothing().returning(Job)
    return (await session.scalars(statement)).one_or_none()


async def find_by_key(session: AsyncSession, tenant: str, kind: str, key: str) -> Job:
    """Return the job that holds an idempotency key."""
    return (await session.scalars(select(Job).filter_by(tenant=tenant, kind=kind, key=key))).one()


async def find(session: AsyncSession, tenant: str, job_id: UUID) -> Job | None:
    """Return a tenant's job, as it is in the database now."""
    statement = select(Job).filter_by(tenant=tenant, id=job_id).execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


async def page(
    session: AsyncSession,
    tenant: str,
    *,
    kind: str | None,
    state: JobState | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Job]:
    """Return a tenant's jobs, newest first, from below the id `before`."""
    statement = select(Job).filter_by(tenant=tenant).order_by(Job.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.filter_by(kind=kind)
    if state is not None:
        statement = statement.filter_by(state=state)
    if before is not None:
        statement = statement.where(Job.id < before)
    return (await session.scalars(statement)).all()


async def claim(session: AsyncSession, job_id: UUID, *, token: str, now: datetime, lease: timedelta) -> Job | None:
    """Take a queued job for one attempt; None when it is not there to be taken: a duplicate message is harmless."""
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.QUEUED, Job.run_after <= now + CLOCK_SKEW)
        .values(
            state=JobState.RUNNING,
            attempt=Job.attempt + 1,
            lease_owner=token,
            lease_until=now + lease,
            heartbeat_at=now,
            started_at=now,
        )
        .returning(Job)
    )
    return (await session.scalars(statement)).one_or_none()


async def heartbeat(
    session: AsyncSession,
    held: Held,
    *,
    now: datetime,
    lease: timedelta,
    fraction: float,
    message: str | None,
) -> bool | None:
    """Extend a lease and write the progress; return whether the job is to be cancelled, None when the lease is lost."""
    statement = (
        update(Job)
        .where(held.condition())
        .values(heartbeat_at=now, lease_until=now + lease, progress_fraction=fraction, progress_message=message)
        .returning(Job.cancel_requested)
    )
    return (await session.scalars(statement)).one_or_none()


async def succeed(session: AsyncSession, held: Held, *, now: datetime, result: Json) -> bool:
    """Finish a job with its result; False when the lease is lost."""
    done = _error_columns(None) | {"progress_fraction": 1.0, "result": result}
    return await _finish(session, held.condition(), JobState.SUCCEEDED, now, done)


async def end(session: AsyncSession, held: Held, *, now: datetime, state: JobState, failure: JobFailure | None) -> bool:
    """Finish a job without a result; False when the lease is lost."""
    return await _finish(session, held.condition(), state, now, _error_columns(failure))


async def requeue(
    session: AsyncSession, held: Held, *, run_after: datetime, failure: JobFailure | None, count_attempt: bool
) -> bool:
    """Give a job back for another attempt; False when the lease is lost."""
    values = _error_columns(failure) | _unleased() | {"state": JobState.QUEUED, "run_after": run_after}
    if not count_attempt:
        values["attempt"] = Job.attempt - 1
    return await _changes(session, update(Job).where(held.condition()).values(**values, published_at=None))


async def cancel(session: AsyncSession, tenant: str, job_id: UUID, *, now: datetime) -> None:
    """End a queued job at once and ask a running one to end."""
    queued = and_(Job.tenant == tenant, Job.id == job_id, Job.state == JobState.QUEUED)
    if not await _finish(session, queued, JobState.CANCELLED, now, {"cancel_requested": True}):
        running = and_(Job.tenant == tenant, Job.id == job_id, Job.state == JobState.RUNNING)
        await _changes(session, update(Job).where(running).values(cancel_requested=True))


async def restart(session: AsyncSession, tenant: str, job_id: UUID, *, now: datetime) -> bool:
    """Queue a job again that has failed, is cancelled or a dead letter; False when it is in none of these states."""
    ended = Job.state.in_((JobState.FAILED, JobState.CANCELLED, JobState.DEAD_LETTER))
    values = (
        _error_columns(None)
        | _unleased()
        | {
            "state": JobState.QUEUED,
            "attempt": 0,
            "run_after": now,
            "published_at": now,
            "finished_at": None,
            "cancel_requested": False,
            "progress_fraction": 0.0,
            "progress_message": None,
        }
    )
    return await _changes(session, update(Job).where(Job.tenant == tenant, Job.id == job_id, ended).values(**values))


async def expired(session: AsyncSession, now: datetime) -> Sequence[Job]:
    """Return running jobs whose worker has been silent for longer than its lease."""
    statement = select(Job).where(Job.state == JobState.RUNNING, Job.lease_until < now).limit(PAGE)
    return (await session.scalars(statement)).all()


async def waiting(session: AsyncSession, tenant: str, kind: str, key_prefix: str) -> bool:
    """Whether a job of this kind waits whose idempotency key begins like this."""
    statement = select(Job.id).filter_by(tenant=tenant, kind=kind, state=JobState.QUEUED)
    return await session.scalar(statement.where(Job.key.startswith(key_prefix)).limit(1)) is not None


async def take_due(session: AsyncSession, now: datetime) -> Sequence[Job]:
    """Mark queued jobs that are due and not with the broker as published, and return them."""
    due = and_(Job.state == JobState.QUEUED, Job.published_at.is_(None), Job.run_after <= now)
    return await _mark_published(session, due, limit=PAGE, now=now)


async def take_lost(
    session: AsyncSession, queue: str, *, held: int, published_before: datetime, now: datetime
) -> Sequence[Job]:
    """Mark as published once more as many queued jobs as the broker, which holds `held` messages, has too few.

    Nobody knows which messages are lost. The oldest ones are taken; if it was another, that one becomes the oldest.
    """
    published = and_(Job.state == JobState.QUEUED, Job.queue == queue, Job.published_at.is_not(None))
    missing = (await session.scalar(select(func.count()).where(published)) or 0) - held
    if missing <= 0:
        return []
    settled = and_(published, Job.published_at < published_before)
    return await _mark_published(session, settled, limit=min(missing, PAGE), now=now)


async def unpublish(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    """Note that the broker did not take these jobs: the scheduler will try again."""
    await _changes(
        session, update(Job).where(Job.id.in_(job_ids), Job.state == JobState.QUEUED).values(published_at=None)
    )


async def backlog(session: AsyncSession, now: datetime) -> Sequence[tuple[str, int, datetime]]:
    """Return for each queue with due jobs: its name, how many there are, and since when the oldest waits."""
    statement = (
        select(Job.queue, func.count(), func.min(Job.run_after))
        .where(Job.state == JobState.QUEUED, Job.run_after <= now)
        .group_by(Job.queue)
    )
    return [(queue, count, oldest) for queue, count, oldest in await session.execute(statement)]


async def purge(session: AsyncSession, finished_before: datetime) -> int:
    """Delete jobs that ended long ago; return how many."""
    old = select(Job.id).where(Job.state.in_(FINISHED), Job.finished_at < finished_before).limit(PAGE)
    result = await session.execute(delete(Job).where(Job.id.in_(old)))
    return cast("CursorResult[Any]", result).rowcount


def _unleased() -> dict[str, object]:
    return {"lease_owner": None, "lease_until": None}


def _error_columns(failure: JobFailure | None) -> dict[str, object]:
    if failure is None:
        return {"error_code": None, "error_detail": None, "error_hint": None}
    return {"error_code": failure.code, "error_detail": failure.detail, "error_hint": failure.hint}


async def _finish(
    session: AsyncSession, which: ColumnElement[bool], state: JobState, now: datetime, values: dict[str, object]
) -> bool:
    final = values | _unleased() | {"state": state, "finished_at": now}
    return await _changes(session, update(Job).where(which).values(**final))


async def _mark_published(
    session: AsyncSession, which: ColumnElement[bool], *, limit: int, now: datetime
) -> Sequence[Job]:
    """The condition stands twice: PostgreSQL checks it again, outside the subquery, on a row it had to wait for."""
    oldest = select(Job.id).where(which).order_by(Job.published_at, Job.id).limit(limit)
    statement = update(Job).where(Job.id.in_(oldest), which).values(published_at=now).returning(Job)
    return (await session.scalars(statement)).all()


async def _changes(session: AsyncSession, statement: Update) -> bool:
    result = await session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount > 0
