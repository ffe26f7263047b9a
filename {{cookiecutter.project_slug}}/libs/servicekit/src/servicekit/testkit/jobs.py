"""Runs jobs in a test, here and now: the same claim, handler and ending as in a worker, without one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar, cast
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from servicekit.database import Database
from servicekit.jobs import Job, JobCatalog, JobContext, JobState
from servicekit.jobs.context import JobSignals
from servicekit.jobs.outcomes import HandlerResult, Outcome
from servicekit.jobs.runner import Attempt, JobRunner

R = TypeVar("R")
LEASE = timedelta(seconds=30)


@dataclass(frozen=True)
class InlineJobs(Generic[R]):
    """The jobs of a test's database."""

    catalog: JobCatalog[R]
    database: Database

    async def run(self, job_id: UUID, resources: R) -> Outcome | None:
        """Make one attempt at a job; None when it cannot be claimed."""
        runner = JobRunner(self.catalog, self.database, resources, lease=LEASE)
        attempt = await runner.begin(job_id)
        return None if attempt is None else await runner.end(attempt, await _call(attempt))

    async def run_all(self, resources: R) -> Sequence[Job]:
        """Make attempts until no job is due; return all jobs, oldest first."""
        while due := await self._select(JobState.QUEUED):
            outcomes = [await self.run(job.id, resources) for job in due]
            if not any(outcomes):
                break
        return await self._select()

    async def _select(self, *states: JobState) -> Sequence[Job]:
        statement = select(Job).order_by(Job.id)
        if states:
            statement = statement.where(Job.state.in_(states))
        async with self.database.reading() as session:
            return (await session.scalars(statement)).all()


def make_context(resources: R, *, tenant: str = "acme", attempt: int = 1) -> JobContext[R]:
    """Make what a handler is given, to call it directly from an async test; set `signals.stop` to make it stop."""
    return JobContext(
        resources=resources,
        job_id=uuid4(),
        tenant=tenant,
        actor="test",
        attempt=attempt,
        loop=asyncio.get_running_loop(),
        signals=JobSignals(),
    )


@pytest.fixture
def job_runner(catalog: JobCatalog[R], database: Database) -> InlineJobs[R]:
    """Run the service's queued jobs."""
    return InlineJobs(catalog, database)


async def _call(attempt: Attempt[R]) -> HandlerResult:
    try:
        if attempt.spec.is_async:
            return await cast("asyncio.Future[BaseModel | None]", attempt.spec.handler(attempt.context, attempt.params))
        return await asyncio.to_thread(
            lambda: cast("BaseModel | None", attempt.spec.handler(attempt.context, attempt.params))
        )
    except Exception as error:
        return error
