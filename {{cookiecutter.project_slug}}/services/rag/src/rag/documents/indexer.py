"""From chunks to points, and from the database into a collection."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from llmkit.embeddings.ports import Embedder
from rag.chunking.chunks import Chunk
from rag.documents.models import Document, Revision
from rag.documents.repository import ChunkRepository
from rag.documents.shelf import DocumentShelf
from rag.indexing.points import labels, point_id
from rag.indexing.ports import Point, Scalar, SparseVector, VectorIndex
from rag.indexing.sparse import SparseEncoder
from servicekit.database import Database


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose chunks are indexed, and by which labels they are found."""

    tenant: str
    document: UUID
    revision: UUID
    tags: tuple[str, ...] = ()
    metadata: dict[str, Scalar] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document, revision: Revision) -> Self:
        """Return the owner as the database has it now."""
        return cls(document.tenant, document.id, revision.id, tuple(document.tags), dict(document.facts))

    @property
    def labels(self) -> str:
        """Return tags and metadata as a text that is the same if, and only if, they are."""
        return json.dumps(labels(self.tags, self.metadata))


class Indexer:
    """Embeds chunks and writes them to the store."""

    def __init__(self, database: Database, index: VectorIndex, embedder: Embedder, sparse: SparseEncoder) -> None:
        self._database = database
        self._index = index
        self._embedder = embedder
        self._sparse = sparse

    async def points(self, owner: Owner, chunks: Sequence[Chunk]) -> list[Point]:
        """Embed a batch. Raises what the embedder raises."""
        texts = [chunk.searchable for chunk in chunks]
        vectors, terms = await asyncio.gather(
            self._embedder.embed_documents(texts), asyncio.to_thread(self._terms, texts)
        )
        return [
            Point(
                id=point_id(owner.revision, chunk.ordinal),
                tenant=owner.tenant,
                document=owner.document,
                revision=owner.revision,
                ordinal=chunk.ordinal,
                dense=vector,
                sparse=weights,
                tags=owner.tags,
                metadata=owner.metadata,
            )
            for chunk, vector, weights in zip(chunks, vectors, terms, strict=True)
        ]

    async def fill(self, collection: str, revision_id: UUID, size: int) -> None:
        """Write all points of a complete revision from the database; RevisionGone.

        A revision that is deleted in this moment may leave points, which nobody sees and the caller removes.
        """
        start, written = 0, set[str]()
        while True:
            async with self._database.reading() as session:
                document, revision = await DocumentShelf(session).revision(revision_id)
                chunks = await ChunkRepository(session).batch(revision_id, start, size)
            owner = Owner.of(document, revision)
            if not chunks:
                break
            await self._index.upsert(collection, await self.points(owner, chunks))
            start = chunks[-1].ordinal + 1
            written.add(owner.labels)
        await self._index.flush(collection)
        if written - {owner.labels}:  # changed meanwhile
            await self._index.set_labels(collection, owner.tenant, revision_id, owner.tags, owner.metadata)

    def _terms(self, texts: Sequence[str]) -> list[SparseVector]:
        return [self._sparse.document(text) for text in texts]
