"""The rebuild of the index, and the sweep that keeps it in order."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import structlog

from rag.catalog import WorkerResources
from rag.documents.models import RevisionState
from rag.documents.shelf import DocumentShelf
from rag.documents.storage import FOLDER, revision_of
from rag.indexing.collections import Collection
from rag.reindexing.repair import Progress, Repair, Repaired
from servicekit.database import utc_now

PASSES = 10
"""Most passes of a rebuild. What others ingest during the last one is added by the next sweep."""
STUCK = 100
"""Revisions without a job that one sweep ends."""
ORPHANED = timedelta(days=1)
"""Age at which a file that belongs to no revision is deleted: an upload is done long before."""
KEYS = 500
_log = structlog.get_logger(__name__)


class Reindexing:
    """What a worker does for the index."""

    def __init__(self, resources: WorkerResources) -> None:
        self._resources = resources
        self._index = resources.index
        batch = resources.settings.ingestion.batch_size
        self._repair = Repair(resources.database, resources.index, resources.indexer, batch)

    async def rebuild(self, progress: Progress = lambda _done, _all: None) -> tuple[Collection, int]:
        """Fill a new collection with everything and let it take over; return it and how many revisions were written.

        Searches go on in the old collection until then. Whatever is ingested meanwhile is written to both, or, by
        workers with other embeddings, found by another pass. A rebuild that was interrupted is continued.
        """
        async with self._resources.database.session() as session:
            collection = await self._resources.collections.begin_building(session)
        await self._index.create(collection.name, collection.dimensions)
        written = 0
        for number in range(1, PASSES + 1):
            repaired = await self._repair.run(collection.name, progress)
            written += repaired.written
            if await self._take_over(collection, repaired.complete, force=number == PASSES):
                break
        _log.info("index_rebuilt", collection=collection.name, revisions=written, passes=number)
        return collection, written

    async def sweep(self) -> Repaired:
        """Repair what this process searches, end what is stuck, remove what is not needed any more."""
        await self._end_stuck()
        async with self._resources.database.reading() as session:
            searched = await self._resources.collections.active(session)
        repaired = Repaired()
        if searched is not None:
            await self._index.create(searched.name, searched.dimensions)
            repaired = await self._repair.run(searched.name)
        await self._drop_retired()
        await self._delete_orphans()
        if repaired.written or repaired.removed:
            _log.warning("index_repaired", written=repaired.written, removed=repaired.removed)
        return repaired

    async def _take_over(self, collection: Collection, complete: frozenset[UUID], *, force: bool) -> bool:
        async with self._resources.database.session() as session:
            shown = await DocumentShelf(session).shown_ids()
            if not force and not shown <= complete:
                return False
            await self._resources.collections.activate(session, collection)
        return True

    async def _end_stuck(self) -> None:
        """Say of revisions whose job has ended or is gone that they have failed."""
        async with self._resources.database.session() as session:
            for stuck in await DocumentShelf(session).stuck(STUCK):
                revision, job = stuck.revision, stuck.job
                revision.state = RevisionState.FAILED
                revision.error_code = (job and (job.error_code or job.state)) or "lost"
                revision.error_detail = (job and job.error_detail) or "The work on the document has ended."
                revision.error_hint = (job and job.error_hint) or "Upload it again."

    async def _drop_retired(self) -> None:
        before = utc_now() - timedelta(hours=self._resources.settings.index.retired_hours)
        async with self._resources.database.reading() as session:
            names = await self._resources.collections.expired(session, before)
        for name in names:
            await self._index.drop(name)
            async with self._resources.database.session() as session:
                await self._resources.collections.forget(session, name)

    async def _delete_orphans(self) -> None:
        async for keys in self._old_files():
            async with self._resources.database.reading() as session:
                existing = await DocumentShelf(session).existing(list(keys.values()))
            for key, revision in keys.items():
                if revision not in existing:
                    await self._resources.storage.delete(key)

    async def _old_files(self) -> AsyncIterator[dict[str, UUID]]:
        """Yield files and whose they are, some hundred at once."""
        before = utc_now() - ORPHANED
        found: dict[str, UUID] = {}
        async for stored in self._resources.storage.list(f"{FOLDER}/"):
            revision = revision_of(stored.key)
            if revision is not None and stored.modified_at < before:
                found[stored.key] = revision
            if len(found) == KEYS:
                yield found
                found = {}
        if found:
            yield found
