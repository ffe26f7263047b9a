"""From an uploaded file to a searchable revision, in batches.

What a killed worker leaves does no harm, at any moment: rows and points have ids that follow from the revision and the
ordinal, so the next attempt writes the same ones again; nobody sees a revision before it is current; and it becomes
current in one transaction, after its points were counted and flushed. Rows are written before points, so a point
without a row belongs to a deleted revision, and the sweep may remove it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rag.caching import forget_answers
from rag.catalog import WorkerResources
from rag.chunking.chunks import Chunk
from rag.documents.errors import RevisionGone
from rag.documents.indexer import Owner
from rag.documents.models import Document, Revision, RevisionState
from rag.documents.repository import ChunkRepository
from rag.documents.shelf import DocumentShelf
from rag.documents.work import PURGE, RELABEL, PurgeParams, RelabelParams
from rag.indexing.collections import Collection
from rag.parsing.blocks import DocumentInfo, ParsingRefused
from servicekit.database import utc_now
from servicekit.jobs import RetryLater

SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Source:
    """What is ingested, as it was when the attempt began."""

    owner: Owner
    name: str
    size: int
    actor: str
    targets: Sequence[Collection]


class Ingestion:
    """One attempt at a revision."""

    def __init__(self, resources: WorkerResources) -> None:
        self._resources = resources

    async def begin(self, revision_id: UUID) -> Source | None:
        """Clear what an earlier attempt left; None when the revision is complete already. RevisionGone."""
        async with self._resources.database.session() as session:
            document, revision = await DocumentShelf(session).revision(revision_id, lock=True)
            if revision.state == RevisionState.READY:
                return None
            _mark_processing(revision)
            used = await ChunkRepository(session).clear(revision_id)
            targets = await self._resources.collections.targets(session)
            source = Source(Owner.of(document, revision), document.name, revision.size, document.actor, targets)
        if not targets:
            raise RetryLater("index_changed", "The index was rebuilt with other embeddings than this worker's.")
        if used:
            await self.remove_points(source.owner)
        return source

    async def write(self, source: Source, chunks: Sequence[Chunk]) -> None:
        """Embed a batch and write its rows, then its points. RevisionGone."""
        owner = source.owner
        points = await self._resources.indexer.points(owner, chunks)
        async with self._resources.database.session() as session:
            await ChunkRepository(session).write(owner.revision, chunks)
        for target in source.targets:
            await self._resources.index.upsert(target.name, points)

    async def publish(self, source: Source, info: DocumentInfo, chunks: int) -> bool:
        """Make the revision the one that is shown; False when a newer one is shown already. RevisionGone."""
        written = {target.name for target in source.targets}
        await self._check(source, written, chunks)
        while True:
            async with self._resources.database.session() as session:
                document, revision = await DocumentShelf(session).revision(source.owner.revision, lock=True)
                missing = {target.name for target in await self._resources.collections.targets(session)} - written
                if not missing:
                    _mark_ready(revision, info, chunks)
                    return await self._show(session, source, document, revision)
            for name in missing:  # a rebuild has begun meanwhile
                await self._resources.indexer.fill(name, source.owner.revision, self._batch)
            written |= missing

    async def refuse(self, source: Source, refusal: ParsingRefused) -> None:
        """Write down why the file cannot be used, and keep nothing of it. RevisionGone."""
        async with self._resources.database.session() as session:
            _, revision = await DocumentShelf(session).revision(source.owner.revision, lock=True)
            revision.state = RevisionState.FAILED
            revision.error_code, revision.error_detail, revision.error_hint = (
                refusal.code,
                refusal.detail,
                refusal.hint,
            )
            await ChunkRepository(session).clear(revision.id)
        await self.remove_points(source.owner)

    async def remove_points(self, owner: Owner) -> None:
        """Remove all points of a revision, wherever there may be some."""
        for name in await self._resources.index.collections():
            await self._resources.index.delete_revision(name, owner.tenant, owner.revision)

    @property
    def _batch(self) -> int:
        return self._resources.settings.ingestion.batch_size

    async def _check(self, source: Source, written: set[str], chunks: int) -> None:
        owner = source.owner
        for name in written:
            if await self._resources.index.count(name, owner.tenant, owner.revision) != chunks:
                await self.remove_points(owner)
                raise RetryLater("index_incomplete", "The index does not hold what was written to it.", SOON)
            await self._resources.index.flush(name)

    async def _show(self, session: AsyncSession, source: Source, document: Document, revision: Revision) -> bool:
        revisions = await DocumentShelf(session).revisions(document.id)
        numbers = {other.id: other.number for other in revisions}
        newest = document.revision is None or numbers[document.revision] < revision.number
        if newest:
            document.revision, document.updated_at = revision.id, utc_now()
            await forget_answers(session, document.tenant, document.id)
            outdated = [other.id for other in revisions if other.number < revision.number]
        else:
            outdated = [revision.id]
        if outdated:
            await self._enqueue(session, document, PURGE, PurgeParams(document=document.id, revisions=outdated))
        if newest and Owner.of(document, revision) != source.owner:  # its labels were changed during the work
            await self._enqueue(session, document, RELABEL, RelabelParams(document=document.id))
        return newest

    async def _enqueue(
        self, session: AsyncSession, document: Document, kind: str, params: PurgeParams | RelabelParams
    ) -> None:
        await self._resources.jobs.enqueue(session, kind, params, tenant=document.tenant, actor=document.actor)


def _mark_processing(revision: Revision) -> None:
    revision.state = RevisionState.PROCESSING
    revision.error_code = revision.error_detail = revision.error_hint = None


def _mark_ready(revision: Revision, info: DocumentInfo, chunks: int) -> None:
    revision.state, revision.ready_at = RevisionState.READY, utc_now()
    revision.media_type, revision.pages, revision.chunks = info.media_type, info.pages, chunks


__all__ = ["Ingestion", "RevisionGone", "Source"]
