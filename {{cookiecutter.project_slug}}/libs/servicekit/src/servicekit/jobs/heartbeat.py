"""Keeps a lease alive while a handler works, writes its progress, and brings back the reason to stop."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from servicekit.database import Database, utc_now
from servicekit.jobs import repository
from servicekit.jobs.context import JobSignals
from servicekit.jobs.errors import JobCancelled, JobLeaseLost, JobTimedOut

LONGEST_INTERVAL = timedelta(seconds=1)
_log = structlog.get_logger(__name__)


async def beat(
    database: Database, job_id: UUID, token: str, signals: JobSignals, *, lease: timedelta, deadline: float
) -> None:
    """Beat until cancelled, or until the job is not ours any more.

    A handler that ignores its timeout is given one more lease to end. Then the heart stops, and the scheduler takes
    the job for lost: that is what ends a stuck thread's claim, which nothing can kill.
    """
    interval = min(LONGEST_INTERVAL, lease / 3).total_seconds()
    leased_until = time.monotonic() + lease.total_seconds()
    while time.monotonic() < deadline + lease.total_seconds():
        await asyncio.sleep(interval)
        if time.monotonic() > deadline:
            signals.request_stop(JobTimedOut)
        try:
            cancelled = await _write(database, job_id, token, signals, lease)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("heartbeat_failed", job_id=str(job_id), reason=str(error))
            if time.monotonic() > leased_until:
                signals.request_stop(JobLeaseLost)
            continue
        leased_until = time.monotonic() + lease.total_seconds()
        if cancelled is None:
            signals.request_stop(JobLeaseLost)
            return
        if cancelled:
            signals.request_stop(JobCancelled)


async def _write(database: Database, job_id: UUID, token: str, signals: JobSignals, lease: timedelta) -> bool | None:
    async with database.session() as session:
        return await repository.heartbeat(
            session,
            repository.Held(job_id, token),
            now=utc_now(),
            lease=lease,
            fraction=signals.fraction,
            message=signals.message,
        )
