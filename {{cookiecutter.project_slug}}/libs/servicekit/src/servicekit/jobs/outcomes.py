"""What follows from the way in which a handler ended."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, TypeAlias
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.database import Json, utc_now
from servicekit.jobs import repository
from servicekit.jobs.catalog import JobPolicy
from servicekit.jobs.errors import (
    JobCancelled,
    JobInterrupted,
    JobLeaseLost,
    JobRefused,
    JobStopped,
    JobTimedOut,
    RetryLater,
    WorkerStopping,
)
from servicekit.jobs.models import Job, JobState
from servicekit.jobs.repository import JobFailure

HandlerResult: TypeAlias = BaseException | BaseModel | None
"""What a handler has returned or raised."""


class Outcome(NamedTuple):
    """How one attempt ended, for metrics and logs."""

    kind: str
    name: str
    """`succeeded`, `failed`, `cancelled`, `retried`, `interrupted`, `dead_letter` or `lost`."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Ending:
    """What is to be written to the job."""

    name: str
    state: JobState | None
    """None: nothing, because the job belongs to another worker now."""
    result: Json = None
    failure: JobFailure | None = None
    delay: timedelta = timedelta(0)
    counts: bool = True
    """Whether the attempt is one of those that the job has."""


def ending_of(result: HandlerResult, stop: type[JobStopped] | None, job: Job, policy: JobPolicy) -> Ending:
    """Decide from the handler's result and from the reason why it was told to stop, if it was."""
    backoff = policy.backoff.after(job.attempt)
    match result:
        case None | BaseModel():
            return Ending(
                "succeeded", JobState.SUCCEEDED, result=None if result is None else result.model_dump(mode="json")
            )
        case JobRefused():
            return Ending("failed", JobState.FAILED, failure=JobFailure(result.code, result.detail, result.hint))
        case RetryLater():
            return again_or_dead(job, JobFailure(result.code, result.detail), result.delay or backoff)
    cause = stop or type(result)
    if issubclass(cause, JobCancelled):
        return Ending("cancelled", JobState.CANCELLED)
    if issubclass(cause, JobLeaseLost):
        return Ending("lost", None)
    if issubclass(cause, JobInterrupted | WorkerStopping):
        return Ending("interrupted", JobState.QUEUED, counts=False)
    if issubclass(cause, JobTimedOut | SoftTimeLimitExceeded):
        return again_or_dead(job, timed_out(job), backoff)
    return again_or_dead(job, _unexpected(cause), backoff)


def again_or_dead(job: Job, failure: JobFailure, delay: timedelta) -> Ending:
    """Another attempt after a delay, or the end when all are used."""
    if job.attempt >= job.max_attempts:
        return Ending("dead_letter", JobState.DEAD_LETTER, failure=failure)
    return Ending("retried", JobState.QUEUED, failure=failure, delay=delay)


async def apply_ending(
    session: AsyncSession, job_id: UUID, token: str, ending: Ending, *, expired: bool = False
) -> bool:
    """Write an ending to the job that this token holds; False when it holds it no more.

    With `expired` the lease must also be over: that is how somebody else ends an attempt.
    """
    now = utc_now()
    held = repository.Held(job_id, token, expired_before=now if expired else None)
    if ending.state is None:
        return False
    if ending.state is JobState.SUCCEEDED:
        return await repository.succeed(session, held, now=now, result=ending.result)
    if ending.state is JobState.QUEUED:
        return await repository.requeue(
            session, held, run_after=now + ending.delay, failure=ending.failure, count_attempt=ending.counts
        )
    return await repository.end(session, held, now=now, state=ending.state, failure=ending.failure)


def timed_out(job: Job) -> JobFailure:
    """The failure of an attempt that ran for too long."""
    return JobFailure("timeout", f"The work took longer than {job.timeout_seconds:g} seconds.")


def worker_lost(job: Job) -> JobFailure:
    """The failure of an attempt whose worker went silent."""
    detail = f"The worker ended without an answer, in attempt {job.attempt} of {job.max_attempts}."
    return JobFailure("worker_lost", detail, "The work may need more memory than the worker has.")


def _unexpected(cause: type[BaseException]) -> JobFailure:
    """Name the exception's class and no more: its text may hold what the tenant must not see."""
    return JobFailure("error", f"The work failed with an unexpected {cause.__name__}.", "The service's log says more.")
