"""Adapters of the ports in memory: chunks in a list, and a rewriter that leaves every question as it is."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from rag.retrieval.ports import ChunkKey, Rewritten, StoredChunk, Turn


@dataclass(frozen=True, slots=True)
class MemoryChunk:
    """A chunk that its tenant sees."""

    tenant: str
    document_id: UUID
    document_name: str
    revision: UUID
    ordinal: int
    text: str
    heading: tuple[str, ...] = ()
    page: int = 1
    page_end: int = 1
    breaks: tuple[int, ...] = ()
    parent: int = 0


class MemoryLibrary:
    """Both the library and its reader; `name` is the collection, None for a service without documents."""

    def __init__(self, chunks: Iterable[MemoryChunk] = (), name: str | None = "memory") -> None:
        self.chunks = {(chunk.revision, chunk.ordinal): chunk for chunk in chunks}
        self.name = name
        self.transactions = 0
        self.reads = 0

    async def collection(self) -> str | None:
        """Return the collection's name."""
        return self.name

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["MemoryLibrary"]:
        """Count a transaction."""
        self.transactions += 1
        yield self

    async def visible(self, tenant: str, keys: Sequence[ChunkKey]) -> Mapping[ChunkKey, StoredChunk]:
        """Return what is there and the tenant's."""
        self.reads += 1
        return {key: self.chunks[key] for key in keys if key in self.chunks and self.chunks[key].tenant == tenant}

    async def neighbours(self, revision: UUID, ordinal: int, before: int = 1, after: int = 1) -> Sequence[StoredChunk]:
        """Return the chunks around one, with itself."""
        keys = ((revision, place) for place in range(ordinal - before, ordinal + after + 1))
        return [self.chunks[key] for key in keys if key in self.chunks]

    async def of_parent(self, revision: UUID, parent: int) -> Sequence[StoredChunk]:
        """Return all chunks of a parent."""
        return [chunk for chunk in self.chunks.values() if (chunk.revision, chunk.parent) == (revision, parent)]


class PlainRewriter:
    """Rewrites nothing: for searches without any model."""

    async def condense(self, tenant: str, question: str, history: Sequence[Turn]) -> Rewritten:  # noqa: ARG002 - the port
        """Return nothing."""
        return Rewritten(())

    async def multi_query(self, tenant: str, question: str) -> Rewritten:  # noqa: ARG002 - the port
        """Return nothing."""
        return Rewritten(())

    async def hyde(self, tenant: str, question: str) -> Rewritten:  # noqa: ARG002 - the port
        """Return nothing."""
        return Rewritten(())
