"""The database's side of a search."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rag.documents.repository import ChunkRepository
from rag.indexing.collections import Collections
from servicekit.database import Database


class SqlLibrary:
    """Says which collection is searched, and reads the text of what is found."""

    def __init__(self, database: Database, collections: Collections) -> None:
        self._database = database
        self._collections = collections

    async def collection(self) -> str | None:
        """Return the name of the collection with this process's embeddings; None when there is none."""
        async with self._database.reading() as session:
            found = await self._collections.active(session)
        return found.name if found else None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[ChunkRepository]:
        """Open a transaction that only reads."""
        async with self._database.reading() as session:
            yield ChunkRepository(session)
