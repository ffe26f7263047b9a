"""Documents without HTTP, and stores of vectors that fail, for tests of ingestion and of the index."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from rag.catalog import WorkerResources
from rag.documents.inbox import Received
from rag.documents.indexer import Indexer
from rag.documents.models import Document, Revision, StoredChunk
from rag.documents.service import Added, DocumentService, Labels
from rag.documents.shelf import DocumentShelf, Shelved
from rag.documents.storage import content_key
from rag.documents.tasks import ingest_document
from rag.documents.work import IngestParams, IngestResult
from rag.indexing.memory import MemoryVectorIndex
from rag.indexing.ports import Point, Scalar, VectorIndex
from rag.indexing.sparse import SparseEncoder
from servicekit.auth.principal import Principal
from servicekit.database import uuid7
from servicekit.testkit.jobs import make_context

CALLER = Principal(subject="test", tenant="acme", scopes=frozenset({"*"}))


def long_text(sections: int = 12, word: str = "alpha") -> str:
    """A Markdown document of many chunks."""
    paragraph = " ".join(f"{word} sentence {number} about the matter." for number in range(12))
    return "\n\n".join(f"# Section {number}\n\n{paragraph} {word}{number}" for number in range(sections))


@pytest.fixture
def take_in(resources: WorkerResources) -> Callable[..., Awaitable[Added]]:
    """Take a text in as an upload does."""

    async def take_in(name: str, text: str, caller: Principal = CALLER, labels: Labels | None = None) -> Added:
        content, revision = text.encode(), uuid7()
        await resources.storage.put(content_key(revision), content)
        received = Received(revision, name, "text/markdown", len(content), f"{hash(text) & (1 << 64) - 1:064x}")
        async with resources.database.session() as session:
            return await DocumentService(session, resources.jobs).add(caller, received, labels or Labels())

    return take_in


@pytest.fixture
def chunks_of(resources: WorkerResources) -> Callable[[UUID], Awaitable[list[tuple[object, ...]]]]:
    """All chunk rows of a revision."""

    async def chunks_of(revision: UUID) -> list[tuple[object, ...]]:
        query = select(StoredChunk).where(StoredChunk.revision_id == revision).order_by(StoredChunk.ordinal)
        async with resources.database.reading() as session:
            rows = (await session.scalars(query)).all()
        return [(row.ordinal, row.text, tuple(row.heading), row.page, row.parent, row.tokens) for row in rows]

    return chunks_of


class Killed(BaseException):
    """What no handler catches, as nothing catches a SIGKILL."""


class DyingIndex(MemoryVectorIndex):
    """A store whose process dies at one of its calls, before or after the work is done."""

    def __init__(self, dies_at: int, *, after: bool) -> None:
        super().__init__()
        self.dies_at = dies_at
        self.after = after
        self.calls = 0

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        await self._die(before=True)
        await super().upsert(collection, points)
        await self._die(before=False)

    async def flush(self, collection: str) -> None:
        await self._die(before=True)
        await super().flush(collection)
        await self._die(before=False)

    async def count(self, collection: str, tenant: str, revision: UUID | None = None) -> int:
        await self._die(before=True)
        counted = await super().count(collection, tenant, revision)
        await self._die(before=False)
        return counted

    async def delete_revision(self, collection: str, tenant: str, revision: UUID) -> None:
        await self._die(before=True)
        await super().delete_revision(collection, tenant, revision)
        await self._die(before=False)

    async def set_labels(
        self, collection: str, tenant: str, revision: UUID, tags: Sequence[str], metadata: Mapping[str, Scalar]
    ) -> None:
        await self._die(before=True)
        await super().set_labels(collection, tenant, revision, tags, metadata)

    async def _die(self, *, before: bool) -> None:
        if before:
            self.calls += 1
        if self.calls == self.dies_at and before is not self.after:
            raise Killed


def on(resources: WorkerResources, index: VectorIndex) -> WorkerResources:
    """The same resources with another store."""
    indexer = Indexer(resources.database, index, resources.embedder, SparseEncoder())
    return replace(resources, index=index, indexer=indexer)


async def ingest(resources: WorkerResources, added: Added) -> IngestResult:
    """Do the work of an upload as a worker does."""
    revision = added.document.revision
    params = IngestParams(document=revision.document_id, revision=revision.id)
    context = make_context(resources)
    with ThreadPoolExecutor(1) as own_thread:  # as in a worker: the loop's own threads stay free
        return await asyncio.get_running_loop().run_in_executor(own_thread, ingest_document, context, params)


async def points(resources: WorkerResources, revision: UUID | None = None) -> int:
    """Count the points of a revision, or all."""
    (collection,) = await resources.index.collections()
    return await resources.index.count(collection, "acme", revision)


async def prepared(resources: WorkerResources, index: MemoryVectorIndex) -> WorkerResources:
    """The same resources with another store that has its collection."""
    made = on(resources, index)
    await made.collections.prepare(index)
    return made


async def shelved(resources: WorkerResources, added: Added) -> Shelved:
    """The document as a caller sees it."""
    async with resources.database.reading() as session:
        return await DocumentShelf(session).get("acme", added.document.document.id)


async def revisions_of(resources: WorkerResources, document: UUID) -> list[UUID]:
    """All revisions of a document, shown or not."""
    query = select(Revision.id).join(Document).where(Document.id == document)
    async with resources.database.reading() as session:
        return list((await session.scalars(query)).all())
