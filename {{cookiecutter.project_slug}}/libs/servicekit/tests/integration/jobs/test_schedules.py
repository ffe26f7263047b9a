"""Jobs that come with the time."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select, update
from workshop import Folder, Nothing

from servicekit.database import Database
from servicekit.jobs import Job, JobCatalog, JobContext, JobService, JobState
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.publisher import MemoryPublisher
from servicekit.jobs.ticker import Ticker
from servicekit.settings import JobSettings

HOUR = timedelta(hours=1)


def make_catalog(*tenants: str) -> JobCatalog[Folder]:
    catalog: JobCatalog[Folder] = JobCatalog("clock")

    @catalog.job("clock.strike")
    def strike(context: JobContext[Folder], params: Nothing) -> None: ...

    for tenant in tenants:
        catalog.schedule("clock.strike", every=HOUR, params=Nothing(), tenant=tenant)
    return catalog


def make_ticker(database: Database, catalog: JobCatalog[Folder]) -> Ticker:
    jobs = JobService(catalog, database, MemoryPublisher())
    return Ticker(jobs, database, catalog, JobSettings(), JobMetrics(CollectorRegistry()))


async def all_jobs(database: Database) -> Sequence[Job]:
    async with database.reading() as session:
        return (await session.scalars(select(Job).order_by(Job.tenant, Job.id))).all()


async def change(database: Database, **values: object) -> None:
    async with database.session() as session:
        await session.execute(update(Job).values(**values))


async def test_several_schedulers_make_one_job_for_a_slot(either_database: Database) -> None:
    tickers = [make_ticker(either_database, make_catalog("a", "b")) for _ in range(3)]
    await asyncio.gather(*(ticker.tick() for ticker in tickers))
    for ticker in tickers:
        await ticker.tick()
    assert [(job.tenant, job.kind, job.actor) for job in await all_jobs(either_database)] == [
        ("a", "clock.strike", "scheduler"),
        ("b", "clock.strike", "scheduler"),
    ]


@pytest.mark.parametrize(("state", "jobs"), [(JobState.SUCCEEDED, 2), (JobState.QUEUED, 1)])
async def test_the_next_slot_gets_a_job_unless_the_last_one_still_waits(
    database: Database, state: JobState, jobs: int
) -> None:
    await make_ticker(database, make_catalog("a")).tick()
    (first,) = await all_jobs(database)
    earlier = str(first.key).rpartition(":")[0]
    await change(database, state=state, key=f"{earlier}:an hour ago")
    await make_ticker(database, make_catalog("a")).tick()
    assert len(await all_jobs(database)) == jobs
