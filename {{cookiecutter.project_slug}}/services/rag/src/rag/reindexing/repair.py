"""Makes one collection hold what the database says, and nothing else.

A new collection is filled by the same steps as one that has lost something. They can be interrupted at any moment and
begun again: each time the collection is counted, and only what differs is written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from rag.documents.errors import RevisionGone
from rag.documents.indexer import Indexer
from rag.documents.shelf import DocumentShelf
from rag.indexing.ports import VectorIndex
from servicekit.database import Database

PAGE = 500
Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many revisions are done, and how many there are to do. May raise, to stop."""
Key: TypeAlias = tuple[str, UUID]
"""Tenant and revision."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What one pass has done."""

    written: int = 0
    """Revisions whose points were missing, or not as many as there are chunks."""
    removed: int = 0
    """Revisions that the database does not know."""
    complete: frozenset[UUID] = frozenset()
    """Revisions that were shown when the pass began, and are in the collection now."""


class Repair:
    """Compares a collection with the database, and corrects the collection."""

    def __init__(self, database: Database, index: VectorIndex, indexer: Indexer, batch: int) -> None:
        self._database = database
        self._index = index
        self._indexer = indexer
        self._batch = batch

    async def run(self, collection: str, progress: Progress = lambda _done, _all: None) -> Repaired:
        """Do one pass. What is ingested or deleted meanwhile is left to those who do it."""
        counted = await self._index.revisions(collection)
        unknown = await self._unknown(list(counted))
        for tenant, revision in unknown:
            await self._index.delete_revision(collection, tenant, revision)
        expected = await self._expected()
        missing = [key for key, chunks in expected.items() if counted.get(key, 0) != chunks]
        for done, key in enumerate(missing):
            progress(done, len(missing))
            await self._write(collection, key, present=key in counted)
        return Repaired(len(missing), len(unknown), frozenset(revision for _, revision in expected))

    async def _write(self, collection: str, key: Key, *, present: bool) -> None:
        tenant, revision = key
        if present:
            await self._index.delete_revision(collection, tenant, revision)
        try:
            await self._indexer.fill(collection, revision, self._batch)
        except RevisionGone:
            await self._index.delete_revision(collection, tenant, revision)

    async def _unknown(self, keys: Sequence[Key]) -> list[Key]:
        """Return those that the database does not know; they were counted first, and rows come before points."""
        unknown: list[Key] = []
        for page in _pages(keys):
            async with self._database.reading() as session:
                usable = await DocumentShelf(session).usable([revision for _, revision in page])
            unknown += [key for key in page if key[1] not in usable]
        return unknown

    async def _expected(self) -> dict[Key, int]:
        """Return how many points every revision that is shown must have."""
        expected: dict[Key, int] = {}
        after: UUID | None = None
        while True:
            async with self._database.reading() as session:
                page = await DocumentShelf(session).shown(after, PAGE)
            expected |= {(revision.tenant, revision.id): revision.chunks or 0 for revision in page}
            if len(page) < PAGE:
                return expected
            after = page[-1].id


def _pages(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for start in range(0, len(keys), PAGE):
        yield keys[start : start + PAGE]
