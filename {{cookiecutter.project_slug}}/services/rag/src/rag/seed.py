"""The first documents: this project's own, so that the first question has an answer."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO
from uuid import UUID

from rag.bootstrap import worker_resources
from rag.catalog import WorkerResources
from rag.documents.folders import Named, project_documents
from rag.documents.inbox import Inbox
from rag.documents.schemas import Outcome
from rag.documents.service import DocumentService, Labels
from rag.documents.shelf import DocumentShelf, Wanted
from rag.indexing.collections import IndexMismatch
from rag.indexing.ports import IndexUnavailable
from rag.local import quietly, run_jobs
from rag.settings import RagSettings
from servicekit.auth.authenticator import DEVELOPMENT
from servicekit.settings import EXIT_CONFIGURATION

AT_ONCE = 4
"""Documents that are read at the same time: each has a parser process of its own."""
LABELS = Labels(tags=["project"])


def seed(settings: RagSettings, folder: Path) -> int:
    """Take in the documentation of the project in a folder for the development key; return the exit code.

    Documents that are there already are brought up to date, and those that were deleted stay deleted.
    """
    if settings.auth.development_key is None:
        sys.stdout.write("There is no development key: nothing to seed.\n")
        return 0
    try:
        with quietly():
            return asyncio.run(_seed(settings, project_documents(folder)))
    except IndexMismatch as mismatch:
        sys.stderr.write(f"Settings refused: {mismatch}\n")
        return EXIT_CONFIGURATION
    except IndexUnavailable as error:
        sys.stderr.write(f"seed: {error}\n")
        return 1


async def _seed(settings: RagSettings, files: Sequence[Named]) -> int:
    async with worker_resources(settings) as resources:
        await resources.collections.prepare(resources.index)
        jobs = await _add(resources, files)
        if not jobs:
            sys.stdout.write("There is nothing new to seed.\n")
            return 0
        sys.stdout.write(f"Reading {len(jobs)} of this project's documents, which takes some seconds.\n")
        outcomes = await run_jobs(resources, jobs, at_once=AT_ONCE)
    done = sum(outcome is not None and outcome.name == "succeeded" for outcome in outcomes)
    sys.stdout.write(f"{done} documents can be asked.\n")
    return 0 if done == len(jobs) else 1


async def _add(resources: WorkerResources, files: Sequence[Named]) -> list[UUID]:
    """Add what is new; return the jobs."""
    known = await _known_names(resources)
    inbox = Inbox(resources.storage, resources.settings.ingestion)
    jobs = []
    for name, path in files:
        if known and name not in known:
            continue
        async with _opened(name, path) as file:
            (received,), _ = await inbox.receive([file])
        async with resources.database.session() as session:
            added = await DocumentService(session, resources.jobs).add(DEVELOPMENT, received, LABELS)
        if added.outcome is Outcome.UNCHANGED:
            await inbox.discard([received])
        if added.job_id is not None:
            jobs.append(added.job_id)
    return jobs


async def _known_names(resources: WorkerResources) -> set[str]:
    names: set[str] = set()
    wanted = Wanted(limit=200)
    while True:
        async with resources.database.reading() as session:
            page = await DocumentShelf(session).page(DEVELOPMENT.tenant, wanted)
        names |= {shelved.document.name for shelved in page}
        if len(page) < wanted.limit:
            return names
        wanted = Wanted(limit=wanted.limit, before=page[-1].document.id)


class _LocalFile:
    """A file of this machine, as an upload would bring it."""

    content_type = "text/markdown"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, filename: str, file: BinaryIO) -> None:
        self.filename = filename
        self._file = file

    async def read(self, size: int = -1) -> bytes:
        return await asyncio.to_thread(self._file.read, size)

    async def seek(self, offset: int) -> None:
        self._file.seek(offset)


@asynccontextmanager
async def _opened(name: str, path: Path) -> AsyncIterator[_LocalFile]:
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        yield _LocalFile(name, file)
