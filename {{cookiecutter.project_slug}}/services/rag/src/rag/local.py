"""Jobs in this process, without a running service: the same claim, handler and ending as in a worker."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import cast
from uuid import UUID

import structlog
from pydantic import BaseModel

from rag.catalog import WorkerResources
from rag.jobs import catalog
from servicekit.jobs.outcomes import HandlerResult, Outcome
from servicekit.jobs.runner import Attempt, JobRunner


@contextmanager
def quietly() -> Iterator[None]:
    """Log nothing below a warning: a command says in its own words what it does."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.configure(**before)


async def run_jobs(resources: WorkerResources, job_ids: Iterable[UUID], *, at_once: int) -> list[Outcome | None]:
    """Make one attempt at each job whose handler is a plain function; None for what somebody else has claimed."""
    lease = timedelta(seconds=resources.settings.jobs.lease_seconds)
    runner = JobRunner(catalog, resources.database, resources, lease=lease)
    slots = asyncio.Semaphore(at_once)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(at_once, "local-jobs") as threads:  # handlers wait for what the loop's own threads do

        async def run(job_id: UUID) -> Outcome | None:
            async with slots:
                attempt = await runner.begin(job_id)
                if attempt is None:
                    return None
                return await runner.end(attempt, await loop.run_in_executor(threads, _call, attempt))

        return await asyncio.gather(*map(run, job_ids))


def _call(attempt: Attempt[WorkerResources]) -> HandlerResult:
    try:
        return cast("BaseModel | None", attempt.spec.handler(attempt.context, attempt.params))
    except Exception as error:  # whatever ends a handler is written to its job
        return error
