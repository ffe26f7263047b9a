"""Builds the parts of jobs from settings, in the same way for the API, a worker and beat."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from servicekit.database import Database
from servicekit.jobs.broker import CeleryPublisher
from servicekit.jobs.catalog import JobKinds
from servicekit.jobs.celery import make_celery
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.service import JobService
from servicekit.jobs.ticker import Ticker
from servicekit.settings import ServiceSettings


def make_jobs(settings: ServiceSettings, kinds: JobKinds, database: Database) -> JobService:
    """Return the service with which jobs are made. It connects at the first one; `close()` it at the end."""
    return JobService(kinds, database, CeleryPublisher(make_celery(settings, kinds)))


@asynccontextmanager
async def open_ticker(settings: ServiceSettings, kinds: JobKinds, metrics: JobMetrics) -> AsyncIterator[Ticker]:
    """Open a ticker with connections of its own."""
    database = Database.from_settings(settings)
    jobs = make_jobs(settings, kinds, database)
    try:
        yield Ticker(jobs, database, kinds, settings.jobs, metrics)
    finally:
        await jobs.close()
        await database.dispose()
