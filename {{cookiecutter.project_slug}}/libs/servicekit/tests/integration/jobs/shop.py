"""Everything that touches the table of jobs, without a broker and without threads of its own."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from sqlalchemy import update
from workshop import Folder, Nothing, Wait, catalog

from servicekit.database import Database
from servicekit.jobs import Job, JobContext, JobService
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.publisher import MemoryPublisher
from servicekit.jobs.runner import JobRunner
from servicekit.jobs.ticker import Ticker
from servicekit.settings import JobSettings

LEASE = timedelta(seconds=30)
TENANT = "acme"


class Shop:
    """Everything that touches the table of jobs."""

    def __init__(self, database: Database, folder: Folder) -> None:
        self.database = database
        self.folder = folder
        self.publisher = MemoryPublisher()
        self.jobs = JobService(catalog, database, self.publisher)
        self.registry = CollectorRegistry()
        self.settings = JobSettings(lease_seconds=30, sweep_seconds=15, retention_days=1)
        self.ticker = Ticker(self.jobs, database, catalog, self.settings, JobMetrics(self.registry))
        self.runner = JobRunner(catalog, database, folder, lease=LEASE)

    async def enqueue(self, kind: str = "work.quick", key: str | None = None, delay: timedelta = timedelta(0)) -> UUID:
        params = Wait(seconds=0) if catalog.spec(kind).params is Wait else Nothing()
        async with self.database.session() as session:
            job = await self.jobs.enqueue(session, kind, params, tenant=TENANT, actor="a", key=key, delay=delay)
        return job.id

    async def get(self, job_id: UUID) -> Job:
        async with self.database.reading() as session:
            return await self.jobs.get(session, TENANT, job_id)

    async def run(self, job_id: UUID) -> str | None:
        attempt = await self.runner.begin(job_id)
        if attempt is None:
            return None
        return (await self.runner.end(attempt, await call(attempt.context, attempt.spec.handler, attempt.params))).name

    async def change(self, job_id: UUID, **values: object) -> None:
        async with self.database.session() as session:
            await session.execute(update(Job).where(Job.id == job_id).values(**values))

    async def cancel(self, job_id: UUID, tenant: str = TENANT) -> Job:
        async with self.database.session() as session:
            return await self.jobs.cancel(session, tenant, job_id)

    async def retry(self, job_id: UUID, tenant: str = TENANT) -> Job:
        async with self.database.session() as session:
            return await self.jobs.retry(session, tenant, job_id)

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


async def call(
    context: JobContext[Folder], handler: Callable[..., BaseModel | None], params: BaseModel | None
) -> BaseModel | Exception | None:
    """Run a plain handler as a worker does; return its result or its exception."""
    try:
        return await asyncio.to_thread(handler, context, params)
    except Exception as error:
        return error
