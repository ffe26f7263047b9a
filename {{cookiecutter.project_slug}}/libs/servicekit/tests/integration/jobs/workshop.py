"""A small service whose jobs go wrong in every way. Run as `celery -A workshop:celery worker`, or imported by tests."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from servicekit.jobs import Backoff, JobCatalog, JobContext, JobRefused, RetryLater, build_worker
from servicekit.settings import ServiceSettings


class WorkshopSettings(ServiceSettings):
    """The settings of the workshop."""

    service_name: ClassVar[str] = "workshop"


class Folder(BaseModel):
    """Where a handler leaves its traces."""

    path: Path

    def note(self, line: str) -> None:
        """Append a line, whole even when several processes write."""
        with (self.path / "notes.txt").open("a") as notes:
            notes.write(line + "\n")

    def make_effect(self, name: str) -> None:
        """Have a side effect whose name says which job wanted it: having it twice is having it once."""
        (self.path / f"effect-{name}").touch()


class Nothing(BaseModel):
    """No parameters."""


class Wait(BaseModel):
    """How long to work."""

    seconds: float


class Done(BaseModel):
    """The result."""

    attempt: int


catalog: JobCatalog[Folder] = JobCatalog("workshop")
QUICK = Backoff(first=timedelta(milliseconds=50))


@catalog.job("work.quick")
def do_quickly(context: JobContext[Folder], _: Nothing) -> Done:
    context.resources.note(f"{context.job_id}")
    return Done(attempt=context.attempt)


@catalog.job("work.async")
async def do_async(context: JobContext[Folder], params: Wait) -> Done:
    context.resources.note(f"{context.job_id}")
    await asyncio.sleep(params.seconds)
    return Done(attempt=context.attempt)


@catalog.job("work.slow", attempts=3, backoff=QUICK)
def do_slowly(context: JobContext[Folder], params: Wait) -> Done:
    """Compute for some time in the first attempt, deaf to signals to stop; be quick in others."""
    context.resources.note(f"begin {context.attempt} {os.getpid()}")
    if context.attempt == 1:
        time.sleep(params.seconds)
    context.resources.make_effect(str(context.job_id))
    context.resources.note(f"end {context.attempt}")
    return Done(attempt=context.attempt)


@catalog.job("work.patient")
def do_patiently(context: JobContext[Folder], params: Wait) -> Done:
    """Work in small steps, reporting each."""
    context.resources.note(f"begin {context.attempt}")
    for step in range(100):
        context.progress(step / 100, f"step {step}")
        context.sleep(params.seconds / 100)
    return Done(attempt=context.attempt)


@catalog.job("work.poison", attempts=2, backoff=QUICK)
def die(context: JobContext[Folder], _: Nothing) -> None:
    context.resources.note(f"poison {context.attempt}")
    os.kill(os.getpid(), signal.SIGKILL)


@catalog.job("work.overdue", attempts=1, timeout=timedelta(seconds=1))
def overrun(context: JobContext[Folder], params: Wait) -> None:
    context.resources.note("overdue")
    time.sleep(params.seconds)


@catalog.job("work.refused")
def refuse(_: JobContext[Folder], __: Nothing) -> None:
    raise JobRefused("too_empty", "There is nothing in it.", "Put something in.")


@catalog.job("work.later", attempts=2)
def come_later(_: JobContext[Folder], __: Nothing) -> None:
    raise RetryLater("not_yet", "The other side is away.", timedelta(0))


@catalog.job("work.broken", attempts=2, backoff=QUICK)
def fail(_: JobContext[Folder], __: Nothing) -> None:
    raise ValueError("secret of the tenant")


@asynccontextmanager
async def open_folder(settings: WorkshopSettings) -> AsyncIterator[Folder]:
    """Give handlers the data folder."""
    yield Folder(path=settings.data_dir)


def build() -> object:
    """Build the Celery application of a worker process."""
    return build_worker(WorkshopSettings(), catalog, open_folder, version="test")


if os.environ.get("WORKSHOP_PROCESS"):
    celery = build()
