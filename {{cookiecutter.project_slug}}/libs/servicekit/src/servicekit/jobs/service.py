"""What services and endpoints do with jobs: make, look at, cancel, retry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.database import Database, after_commit, utc_now, uuid7
from servicekit.jobs import repository
from servicekit.jobs.catalog import JobKinds
from servicekit.jobs.models import Job, JobState
from servicekit.jobs.publisher import BrokerUnavailable, JobMessage, JobPublisher
from servicekit.jobs.tracing import capture_trace
from servicekit.problems import Conflict, NotFound

_log = structlog.get_logger(__name__)


class JobNotFound(NotFound):
    """The tenant has no such job."""

    code = "job_not_found"
    hint = "List the jobs with GET /v1/jobs."


class JobNotRetryable(Conflict):
    """The job is waiting, running or done."""

    code = "job_not_retryable"
    hint = "Only a job that has failed, was cancelled or is a dead letter can be retried."


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some of a tenant's jobs, newest first."""

    jobs: Sequence[Job]
    next_before: UUID | None
    """Where the next page begins; None on the last one."""


class JobService:
    """Jobs as the API sees them. All methods work inside the caller's unit of work."""

    def __init__(self, catalog: JobKinds, database: Database, publisher: JobPublisher) -> None:
        self.catalog = catalog
        self._database = database
        self._publisher = publisher

    async def enqueue(
        self,
        session: AsyncSession,
        kind: str,
        params: BaseModel,
        *,
        tenant: str,
        actor: str,
        key: str | None = None,
        delay: timedelta = timedelta(0),
    ) -> Job:
        """Make a job, given to the workers when the session is committed.

        With a `key`, a tenant's second job of the same kind and key is the first one, in whatever state it is.
        """
        spec = self.catalog.spec(kind)
        if not isinstance(params, spec.params):
            raise TypeError(f"{kind} takes {spec.params.__name__}, not {type(params).__name__}")
        now = utc_now()
        values: dict[str, object] = {
            "id": uuid7(),
            "tenant": tenant,
            "actor": actor,
            "kind": kind,
            "key": key,
            "queue": self.catalog.queue_name(spec.queue),
            "params": params.model_dump(mode="json"),
            "trace": capture_trace(),
            "max_attempts": spec.attempts,
            "timeout_seconds": spec.timeout.total_seconds(),
            "created_at": now,
            "run_after": now + delay,
            "published_at": None if delay else now,
        }
        job = await repository.insert(session, values)
        if job is None:
            return await repository.find_by_key(session, tenant, kind, str(key))
        if not delay:
            self._publish_after_commit(session, job)
        _log.info("job_enqueued", job_id=str(job.id), kind=kind, tenant=tenant)
        return job

    async def get(self, session: AsyncSession, tenant: str, job_id: UUID) -> Job:
        """Return a tenant's job; JobNotFound."""
        job = await repository.find(session, tenant, job_id)
        if job is None:
            raise JobNotFound(f"There is no job {job_id}.")
        return job

    async def list(
        self,
        session: AsyncSession,
        tenant: str,
        *,
        kind: str | None = None,
        state: JobState | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> JobPage:
        """Return a page of a tenant's jobs, newest first."""
        jobs = await repository.page(session, tenant, kind=kind, state=state, before=before, limit=limit + 1)
        more = len(jobs) > limit
        return JobPage(jobs[:limit], jobs[limit - 1].id if more else None)

    async def cancel(self, session: AsyncSession, tenant: str, job_id: UUID) -> Job:
        """End a queued job, or ask a running one to end at its next `check()`; a finished job stays as it is."""
        await repository.cancel(session, tenant, job_id, now=utc_now())
        return await self.get(session, tenant, job_id)

    async def retry(self, session: AsyncSession, tenant: str, job_id: UUID) -> Job:
        """Queue an ended job again with all its attempts; JobNotFound, JobNotRetryable."""
        restarted = await repository.restart(session, tenant, job_id, now=utc_now())
        job = await self.get(session, tenant, job_id)
        if not restarted:
            raise JobNotRetryable(f"Job {job_id} is {job.state}.")
        self._publish_after_commit(session, job)
        return job

    async def publish(self, jobs: Sequence[Job]) -> bool:
        """Hand committed jobs to the broker; when it is away the scheduler will do it, and this returns False."""
        messages = [JobMessage(job.id, job.queue, timedelta(seconds=job.timeout_seconds)) for job in jobs]
        try:
            await self._publisher.publish(messages)
        except BrokerUnavailable as error:
            _log.warning("job_not_published", job_ids=[str(job.id) for job in jobs], reason=str(error))
            async with self._database.session() as session:
                await repository.unpublish(session, [job.id for job in jobs])
            return False
        return True

    async def depth(self, queue: str) -> int:
        """Return how many messages the broker holds for a queue; BrokerUnavailable."""
        return await self._publisher.depth(queue)

    async def close(self) -> None:
        """Close the connections to the broker."""
        await self._publisher.close()

    def _publish_after_commit(self, session: AsyncSession, job: Job) -> None:
        async def publish() -> None:
            await self.publish([job])

        after_commit(session, publish)
