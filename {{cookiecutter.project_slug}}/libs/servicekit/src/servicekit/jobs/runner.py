"""One attempt at a job: claim it, keep its lease alive, write down how it ended.

Where the handler itself runs is the caller's business: see `process.WorkerProcess` (a worker) and
`servicekit.testkit.jobs` (a test). All of this runs on one event loop.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID, uuid4

import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from servicekit.database import Database, utc_now
from servicekit.jobs import repository
from servicekit.jobs.catalog import JobCatalog, JobSpec
from servicekit.jobs.context import JobContext
from servicekit.jobs.errors import JobRefused
from servicekit.jobs.heartbeat import beat
from servicekit.jobs.models import Job, JobState
from servicekit.jobs.outcomes import Ending, HandlerResult, Outcome, apply_ending, ending_of
from servicekit.jobs.repository import JobFailure

R = TypeVar("R")
DATABASE_RETRY_SECONDS = 0.5
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class Attempt(Generic[R]):
    """A claimed job, ready for its handler."""

    job: Job
    token: str
    spec: JobSpec[R]
    params: BaseModel
    context: JobContext[R]
    heartbeat: asyncio.Task[None]
    began: float
    """On the monotonic clock."""


class JobRunner(Generic[R]):
    """Begins and ends attempts, on the event loop of its database."""

    def __init__(self, catalog: JobCatalog[R], database: Database, resources: R, *, lease: timedelta) -> None:
        self._catalog = catalog
        self._database = database
        self._resources = resources
        self._lease = lease

    async def begin(self, job_id: UUID) -> Attempt[R] | None:
        """Claim a job; None when somebody else has it, it has ended, or it can never run."""
        token = uuid4().hex
        async with self._database.session() as session:
            job = await repository.claim(session, job_id, token=token, now=utc_now(), lease=self._lease)
        if job is None:
            _log.info("job_not_claimed", job_id=str(job_id))
            return None
        try:
            spec = self._catalog.spec(job.kind)
            params = spec.params.model_validate(job.params)
        except (KeyError, ValidationError) as error:
            await self._refuse(job, token, error)
            return None
        return self._start(job, token, spec, params)

    def _start(self, job: Job, token: str, spec: JobSpec[R], params: BaseModel) -> Attempt[R]:
        context = JobContext(
            resources=self._resources,
            job_id=job.id,
            tenant=job.tenant,
            actor=job.actor,
            attempt=job.attempt,
            loop=asyncio.get_running_loop(),
        )
        deadline = time.monotonic() + job.timeout_seconds
        heartbeat = asyncio.create_task(
            beat(self._database, job.id, token, context.signals, lease=self._lease, deadline=deadline)
        )
        return Attempt(job, token, spec, params, context, heartbeat, time.monotonic())

    async def end(self, attempt: Attempt[R], result: HandlerResult) -> Outcome:
        """Write down how an attempt ended: with its result, or with the exception of its handler."""
        ending = ending_of(result, attempt.context.signals.stop, attempt.job, attempt.spec)
        try:
            written = await self._write(attempt, ending)
        finally:
            attempt.heartbeat.cancel()
            with suppress(asyncio.CancelledError):
                await attempt.heartbeat
        outcome = Outcome(attempt.job.kind, ending.name if written else "lost", time.monotonic() - attempt.began)
        _report(attempt.job, outcome, result)
        return outcome

    async def _write(self, attempt: Attempt[R], ending: Ending) -> bool:
        """Write the ending; while the database is away try again for as long as the lease may live."""
        give_up = time.monotonic() + self._lease.total_seconds()
        while True:
            try:
                async with self._database.session() as session:
                    return await apply_ending(session, attempt.job.id, attempt.token, ending)
            except (SQLAlchemyError, OSError):
                if time.monotonic() > give_up:
                    raise
                await asyncio.sleep(DATABASE_RETRY_SECONDS)

    async def _refuse(self, job: Job, token: str, error: Exception) -> None:
        """A job that this code does not know or cannot read will not get better by waiting."""
        failure = JobFailure("unreadable", f"This version of the service cannot run {job.kind} with these parameters.")
        async with self._database.session() as session:
            state = JobState.DEAD_LETTER
            await repository.end(session, repository.Held(job.id, token), now=utc_now(), state=state, failure=failure)
        _log.error("job_unreadable", job_id=str(job.id), kind=job.kind, reason=str(error))


def _report(job: Job, outcome: Outcome, result: HandlerResult) -> None:
    facts = {
        "job_id": str(job.id),
        "outcome": outcome.name,
        "attempt": job.attempt,
        "seconds": round(outcome.seconds, 3),
    }
    if isinstance(result, BaseException) and outcome.name in ("retried", "dead_letter"):
        _log.error("job_ended", **facts, exc_info=result)
    elif isinstance(result, JobRefused):
        _log.info("job_ended", **facts, code=result.code, detail=result.detail)
    else:
        _log.info("job_ended", **facts)
