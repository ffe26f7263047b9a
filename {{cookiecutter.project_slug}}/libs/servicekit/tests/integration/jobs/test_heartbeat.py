"""Heartbeats and endings while the database is away."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

from bench import TENANT
from workshop import Folder, Nothing, WorkshopSettings, catalog

from servicekit.database import Database
from servicekit.jobs import JobLeaseLost, JobService, JobState, JobTimedOut
from servicekit.jobs.context import JobSignals
from servicekit.jobs.heartbeat import beat
from servicekit.jobs.publisher import MemoryPublisher
from servicekit.jobs.runner import JobRunner

LEASE = timedelta(seconds=0.6)


async def test_a_worker_that_cannot_reach_the_database_gives_up_when_its_lease_is_over() -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    signals = JobSignals()
    deadline = time.monotonic() + 60
    heart = asyncio.create_task(beat(away, uuid4(), "token", signals, lease=LEASE, deadline=deadline))
    await asyncio.sleep(0.35)
    assert signals.stop is None
    await asyncio.wait_for(asyncio.to_thread(signals.stopped.wait), 10)
    assert signals.stop is JobLeaseLost
    heart.cancel()
    await away.dispose()


async def test_the_heart_stops_a_lease_after_the_timeout(database: Database, folder: Folder) -> None:
    jobs = JobService(catalog, database, MemoryPublisher())
    async with database.session() as session:
        job = await jobs.enqueue(session, "work.quick", Nothing(), tenant=TENANT, actor="test")
    attempt = await JobRunner(catalog, database, folder, lease=timedelta(seconds=30)).begin(job.id)
    assert attempt is not None
    signals = JobSignals()
    now = time.monotonic()
    await asyncio.wait_for(beat(database, job.id, attempt.token, signals, lease=LEASE, deadline=now + 0.1), 10)
    assert signals.stop is JobTimedOut
    assert time.monotonic() - now >= LEASE.total_seconds()
    attempt.heartbeat.cancel()


async def test_an_ending_waits_for_the_database_to_come_back(
    database: Database, folder: Folder, settings: WorkshopSettings
) -> None:
    jobs = JobService(catalog, database, MemoryPublisher())
    async with database.session() as session:
        job = await jobs.enqueue(session, "work.quick", Nothing(), tenant=TENANT, actor="test")
    runner = JobRunner(catalog, database, folder, lease=timedelta(seconds=30))
    attempt = await runner.begin(job.id)
    assert attempt is not None

    await database.dispose()
    path = settings.data_dir / "workshop.db"
    path.rename(hidden := path.with_name("hidden"))
    path.mkdir()
    ending = asyncio.create_task(runner.end(attempt, None))
    await asyncio.sleep(0.7)
    assert not ending.done()
    path.rmdir()
    hidden.rename(path)

    assert (await ending).name == "succeeded"
    async with database.reading() as session:
        assert (await jobs.get(session, TENANT, job.id)).state == JobState.SUCCEEDED
