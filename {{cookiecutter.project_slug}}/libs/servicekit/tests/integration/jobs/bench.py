"""The workshop as a service under test, with worker processes that can be killed."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from workshop import WorkshopSettings, catalog

from servicekit.database import Database
from servicekit.jobs import Job, JobService, JobState
from servicekit.jobs.models import FINISHED

HERE = Path(__file__).parent
TENANT = "acme"
WAIT_SECONDS = 90
"""Long enough for three Python processes to start on a machine that is busy with other things."""


@dataclass
class Workshop:
    """Jobs of one test, and the processes that do them."""

    settings: WorkshopSettings
    database: Database
    jobs: JobService
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        path = self.settings.data_dir / "notes.txt"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def effects(self) -> list[str]:
        return sorted(path.name for path in self.settings.data_dir.glob("effect-*"))

    async def enqueue(self, kind: str, **params: object) -> UUID:
        spec = catalog.spec(kind)
        async with self.database.session() as session:
            job = await self.jobs.enqueue(session, kind, spec.params(**params), tenant=TENANT, actor="test")
        return job.id

    async def get(self, job_id: UUID) -> Job:
        async with self.database.reading() as session:
            return await self.jobs.get(session, TENANT, job_id)

    async def until(self, condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen; notes: {self.notes}"
            await asyncio.sleep(0.05)

    async def ended(self, job_id: UUID, seconds: float = WAIT_SECONDS) -> Job:
        deadline = time.monotonic() + seconds
        while (job := await self.get(job_id)).state not in FINISHED:
            assert time.monotonic() < deadline, f"the job is still {job.state}; notes: {self.notes}"
            await asyncio.sleep(0.05)
        return job

    async def reached(self, job_id: UUID, state: JobState, seconds: float = WAIT_SECONDS) -> Job:
        deadline = time.monotonic() + seconds
        while (job := await self.get(job_id)).state != state:
            assert time.monotonic() < deadline, f"the job is still {job.state}; notes: {self.notes}"
            await asyncio.sleep(0.05)
        return job

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `celery -A workshop:celery …` in a process group of its own."""
        log = (self.settings.data_dir / f"process-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "workshop:celery", *arguments],
            cwd=HERE,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker", "--without-gossip", "--without-mingle", "--without-heartbeat")

    def start_beat(self) -> subprocess.Popen[bytes]:
        return self.start("beat", "--pidfile=")


def environment_of(settings: WorkshopSettings) -> dict[str, str]:
    jobs = settings.jobs
    return {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPYCACHEPREFIX")},
        "PYTHONPATH": os.pathsep.join([path for path in sys.path if path]),
        "WORKSHOP_PROCESS": "1",
        "TMPDIR": str(settings.data_dir),
        "ENVIRONMENT": "test",
        "DATA_DIR": str(settings.data_dir),
        "JOBS__BROKER_URL": jobs.broker_url.get_secret_value(),
        "JOBS__LEASE_SECONDS": str(jobs.lease_seconds),
        "JOBS__SWEEP_SECONDS": str(jobs.sweep_seconds),
        "JOBS__TICK_SECONDS": str(jobs.tick_seconds),
        "JOBS__STOP_SECONDS": str(jobs.stop_seconds),
        "JOBS__CONCURRENCY": str(jobs.concurrency),
    }
