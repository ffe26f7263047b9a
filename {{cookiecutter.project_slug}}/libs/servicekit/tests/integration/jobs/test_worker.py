"""What the worker and beat processes do, called by hand in this process."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from celery import Celery
from workshop import Folder, Nothing, Wait, WorkshopSettings, catalog, open_folder

from servicekit.database import Database, database_url
from servicekit.jobs import Job, JobState, build_worker, make_jobs
from servicekit.jobs.beat import BeatScheduler
from servicekit.jobs.celery import TASK

TENANT = "acme"


@pytest.fixture
def app(settings: WorkshopSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    built = build_worker(settings, catalog, open_folder, version="test")
    yield built
    built.lifecycle.end_child()
    built.close()


def enqueue(settings: WorkshopSettings, kind: str, params: Nothing | Wait) -> UUID:
    async def make() -> UUID:
        database = Database(database_url(settings))
        jobs = make_jobs(settings, catalog, database)
        async with database.session() as session:
            job = await jobs.enqueue(session, kind, params, tenant=TENANT, actor="test")
        await jobs.close()
        await database.dispose()
        return job.id

    return asyncio.run(make())


def get(settings: WorkshopSettings, job_id: UUID) -> Job:
    async def find() -> Job:
        database = Database(database_url(settings))
        async with database.reading() as session:
            job = await session.get_one(Job, job_id)
        await database.dispose()
        return job

    return asyncio.run(find())


def test_the_task_runs_a_job_and_reports_how_it_ended(app: Celery, settings: WorkshopSettings) -> None:
    outcomes = []
    app.lifecycle.outcomes.listen(outcomes.append)
    job_id = enqueue(settings, "work.quick", Nothing())
    app.tasks[TASK](str(job_id))
    assert get(settings, job_id).state == JobState.SUCCEEDED
    deadline = time.monotonic() + 5
    while not outcomes and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [(outcome.kind, outcome.name) for outcome in outcomes] == [("work.quick", "succeeded")]


def test_a_message_without_a_job_is_harmless(app: Celery) -> None:
    app.tasks[TASK](str(uuid4()))


def test_sigterm_breaks_into_a_handler_that_does_not_look_and_ends_the_process(
    app: Celery, settings: WorkshopSettings, folder: Folder
) -> None:
    job_id = enqueue(settings, "work.slow", Wait(seconds=30))

    def terminate() -> None:
        while not (folder.path / "notes.txt").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=terminate).start()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ending:
        app.tasks[TASK](str(job_id))
    assert ending.value.code == 0
    assert signal.getsignal(signal.SIGTERM) is before
    job = get(settings, job_id)
    assert (job.state, job.attempt) == (JobState.QUEUED, 0)


def test_beat_ticks_and_shows_its_pulse(app: Celery, settings: WorkshopSettings) -> None:
    job_id = enqueue(settings, "work.quick", Nothing())
    scheduler = BeatScheduler(app=app)
    assert scheduler.tick() == settings.jobs.tick_seconds
    assert app.beat_pulse.age() is not None
    scheduler.close()
    assert get(settings, job_id).state == JobState.QUEUED


def test_beat_goes_on_while_the_database_is_away(app: Celery, settings: WorkshopSettings) -> None:
    scheduler = BeatScheduler(app=app)
    hidden = settings.data_dir / "hidden"
    database = settings.data_dir / "workshop.db"
    database.rename(hidden)
    database.mkdir()
    assert scheduler.tick() == settings.jobs.tick_seconds
    assert app.beat_pulse.age() is None
    database.rmdir()
    hidden.rename(database)
    scheduler.tick()
    assert app.beat_pulse.age() is not None
    scheduler.close()
