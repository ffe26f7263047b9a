"""Fixtures: the workshop."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servicekit.database import Database
from servicekit.jobs import JobCatalog, make_jobs

sys.path.append(str(Path(__file__).parent))  # so that tests and the processes they start import the same `workshop`

from bench import Workshop, environment_of
from shop import Shop
from workshop import Folder, WorkshopSettings
from workshop import catalog as workshop_catalog


@pytest.fixture(scope="session")
def settings_class() -> type[WorkshopSettings]:
    return WorkshopSettings


@pytest.fixture(scope="session")
def catalog() -> JobCatalog[Folder]:
    return workshop_catalog


@pytest.fixture
async def workshop(settings: WorkshopSettings, database: Database) -> AsyncIterator[Workshop]:
    """The workshop on the settings' broker; processes started by the test are killed at its end."""
    jobs = make_jobs(settings, workshop_catalog, database)
    made = Workshop(settings, database, jobs, environment_of(settings))
    yield made
    for process in made.processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    await jobs.close()


@pytest.fixture
def quick_settings() -> dict[str, object]:
    """Settings under which lost work is found within a few seconds."""
    return {
        "jobs__lease_seconds": 2,
        "jobs__sweep_seconds": 0.5,
        "jobs__tick_seconds": 0.2,
        "jobs__stop_seconds": 1,
        "jobs__concurrency": 1,
    }


@pytest.fixture
def folder(settings: WorkshopSettings) -> Folder:
    return Folder(path=settings.data_dir)


@pytest.fixture
def shop(either_database: Database, tmp_path: Path) -> Shop:
    return Shop(either_database, Folder(path=tmp_path))
