"""Takes documents in as the service does, without its HTTP: stored, parsed in a child process, cut, embedded, indexed.

What is timed is the job that an upload starts, with its rows in the database and its points in the embedded store.
"""

import asyncio
import os
import resource
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from bench.rag.inside.talk import serve
from bench.rag.memory import descendants_of, processor_seconds
from rag.bootstrap import worker_resources
from rag.catalog import WorkerResources
from rag.documents.inbox import Inbox
from rag.documents.models import Revision, RevisionState
from rag.documents.service import DocumentService, Labels
from rag.local import quietly, run_jobs
from rag.settings import RagSettings
from servicekit.auth.authenticator import DEVELOPMENT
from servicekit.settings import load_settings


class LocalFile:
    """A file of this machine, as an upload would bring it."""

    content_type = None
    headers: Mapping[str, str] = {}

    def __init__(self, path: Path) -> None:
        self.filename = path.name
        self._file = path.open("rb")

    async def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        return self._file.read(size)

    async def seek(self, offset: int) -> None:
        """Go to a place in the file."""
        self._file.seek(offset)


async def ingest(resources: WorkerResources, paths: Sequence[Path], at_once: int) -> dict[str, Any]:
    """Take files in; return seconds of clock and processor (with child processes), and chunks. RuntimeError."""
    spent, begin = used_so_far(), time.perf_counter()
    jobs = [await _add(resources, path) for path in paths]
    await run_jobs(resources, jobs, at_once=at_once)
    seconds = time.perf_counter() - begin
    chunks = await _chunks(resources, len(jobs))
    return {"seconds": seconds, "processor_seconds": used_so_far() - spent, "chunks": chunks}


def used_so_far() -> float:
    """Return the processor time of this process and of all that have come from it, whether they have ended or not."""
    ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    living = sum(map(processor_seconds, descendants_of(os.getpid())))
    return sum(each.ru_utime + each.ru_stime for each in ended) + living


async def _add(resources: WorkerResources, path: Path) -> UUID:
    (received,), _ = await Inbox(resources.storage, resources.settings.ingestion).receive([LocalFile(path)])
    async with resources.database.session() as session:
        added = await DocumentService(session, resources.jobs).add(DEVELOPMENT, received, Labels())
    if added.job_id is None:
        raise RuntimeError(f"{path} is {added.outcome}")
    return added.job_id


async def _chunks(resources: WorkerResources, expected: int) -> int:
    """Count what the new revisions hold, and make sure that each of them can be searched."""
    newest = select(Revision.chunks, Revision.state).order_by(Revision.id.desc()).limit(expected).subquery()
    ready = select(func.count(), func.sum(newest.c.chunks)).where(newest.c.state == RevisionState.READY)
    async with resources.database.reading() as session:
        count, chunks = (await session.execute(ready)).one()
    if count != expected:
        raise RuntimeError(f"{count} of {expected} documents became ready")
    return int(chunks)


def main() -> None:
    """Be a worker, opened once, that takes in the files that are asked for."""
    with quietly(), asyncio.Runner() as runner:
        opened = worker_resources(load_settings(RagSettings))
        resources = runner.run(opened.__aenter__())
        runner.run(resources.collections.prepare(resources.index))
        try:
            serve(
                lambda request: runner.run(
                    ingest(resources, [Path(path) for path in request["files"]], request.get("at_once", 1))
                )
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))


if __name__ == "__main__":
    main()
