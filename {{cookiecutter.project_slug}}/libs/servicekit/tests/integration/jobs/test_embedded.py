"""The worker in the API's process."""

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bench import Workshop
from prometheus_client import CollectorRegistry
from workshop import Folder, WorkshopSettings, catalog, open_folder

from servicekit.jobs import JobState, embedded_worker
from servicekit.testkit.settings import make_settings


@pytest.fixture
def settings_overrides() -> dict[str, object]:
    return {"jobs__tick_seconds": 0.1, "jobs__sweep_seconds": 0.3, "jobs__lease_seconds": 1, "jobs__concurrency": 3}


async def test_plain_and_async_jobs_run_several_at_once(workshop: Workshop, caplog) -> None:
    registry = CollectorRegistry()
    async with embedded_worker(workshop.settings, catalog, open_folder, registry):
        ids = [await workshop.enqueue("work.quick") for _ in range(5)]
        ids += [await workshop.enqueue("work.async", seconds=0.01) for _ in range(5)]
        for job_id in ids:
            assert (await workshop.ended(job_id)).state == JobState.SUCCEEDED
    assert sorted(workshop.notes) == sorted(map(str, ids))
    assert registry.get_sample_value("jobs_total", {"kind": "work.async", "outcome": "succeeded"}) == 5
    assert not [record.message for record in caplog.records if record.name.startswith("kombu")]


async def test_a_stop_gives_running_jobs_back_and_the_next_start_runs_them(workshop: Workshop) -> None:
    async with embedded_worker(workshop.settings, catalog, open_folder, CollectorRegistry()):
        job_id = await workshop.enqueue("work.patient", seconds=30)
        await workshop.until(lambda: workshop.notes == ["begin 1"])
        began = time.monotonic()
    assert time.monotonic() - began < 8
    job = await workshop.get(job_id)
    assert (job.state, job.attempt, job.lease_owner) == (JobState.QUEUED, 0, None)
    async with embedded_worker(workshop.settings, catalog, open_folder, CollectorRegistry()):
        await workshop.until(lambda: workshop.notes == ["begin 1", "begin 1"])


async def test_a_handler_deaf_to_the_stop_does_not_hold_it_up(workshop: Workshop) -> None:
    async with embedded_worker(workshop.settings, catalog, open_folder, CollectorRegistry()):
        job_id = await workshop.enqueue("work.slow", seconds=6)
        await workshop.until(lambda: len(workshop.notes) == 1)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert (await workshop.get(job_id)).state == JobState.QUEUED


async def test_a_running_job_is_cancelled_at_its_next_check(workshop: Workshop) -> None:
    async with embedded_worker(workshop.settings, catalog, open_folder, CollectorRegistry()):
        plain = await workshop.enqueue("work.patient", seconds=30)
        waiting = await workshop.enqueue("work.async", seconds=30)
        for job_id in (plain, waiting):
            await workshop.reached(job_id, JobState.RUNNING)
            async with workshop.database.session() as session:
                await workshop.jobs.cancel(session, "acme", job_id)
            assert (await workshop.ended(job_id)).state == JobState.CANCELLED


async def test_a_handler_deaf_to_its_timeout_is_reported_by_the_sweeper(workshop: Workshop) -> None:
    async with embedded_worker(workshop.settings, catalog, open_folder, CollectorRegistry()):
        job_id = await workshop.enqueue("work.overdue", seconds=6)
        job = await workshop.ended(job_id)
    assert (job.state, job.error_code) == (JobState.DEAD_LETTER, "timeout")


async def test_resources_that_cannot_be_opened_stop_the_start(workshop: Workshop) -> None:
    @asynccontextmanager
    async def fail(_: WorkshopSettings) -> AsyncIterator[Folder]:
        raise OSError("no such registry")
        yield Folder(path=Path())

    with pytest.raises(OSError, match="no such registry"):
        async with embedded_worker(workshop.settings, catalog, fail, CollectorRegistry()):
            pass


async def test_with_a_broker_of_its_own_nothing_runs_in_this_process(tmp_path: Path) -> None:
    settings = make_settings(WorkshopSettings, tmp_path, jobs__broker_url="redis://127.0.0.1:1/0")
    threads = threading.active_count()
    async with embedded_worker(settings, catalog, open_folder, CollectorRegistry()):
        assert threading.active_count() == threads
