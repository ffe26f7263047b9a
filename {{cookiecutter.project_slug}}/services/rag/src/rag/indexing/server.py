"""The store on a Qdrant server, 1.19 or newer (which can count how rare a term is within one tenant)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from rag.indexing.points import COLLECTIONS, UPSERT, conditions, of_revision
from rag.indexing.ports import Hit, IndexUnavailable, Point, Query, Scalar
from rag.indexing.settings import IndexSettings

if TYPE_CHECKING:
    from rag.indexing.qdrant import Connection

Connect = Callable[[], Awaitable["Connection"]]


class ServerVectorIndex:
    """Collections on a server. Its client takes two seconds to import, so it is made at the first call."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()

    @classmethod
    def from_settings(cls, settings: IndexSettings) -> "ServerVectorIndex":
        """Use the server that the settings name."""

        async def connect() -> "Connection":
            return await asyncio.to_thread(_connect, settings)

        return cls(connect)

    async def create(self, collection: str, dimensions: int) -> None:
        """Make a collection unless it is there, and the indexes that an interrupted call has left out."""
        async with self._connected() as connection:
            await connection.create(collection, dimensions)

    async def collections(self) -> Sequence[str]:
        """Return the names of this service's collections."""
        async with self._connected() as connection:
            return [name for name in await connection.collections() if name.startswith(COLLECTIONS)]

    async def drop(self, collection: str) -> None:
        """Delete a collection."""
        async with self._connected() as connection:
            await connection.drop(collection)

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Write points and wait until they can be found."""
        async with self._connected() as connection:
            for start in range(0, len(points), UPSERT):
                await connection.upsert(collection, points[start : start + UPSERT])

    async def flush(self, collection: str) -> None:
        """Do nothing: a server writes to its disk by itself, every few seconds."""

    async def delete_revision(self, collection: str, tenant: str, revision: UUID) -> None:
        """Remove all points of a revision."""
        async with self._connected() as connection:
            await connection.delete(collection, of_revision(tenant, revision))

    async def set_labels(
        self, collection: str, tenant: str, revision: UUID, tags: Sequence[str], metadata: Mapping[str, Scalar]
    ) -> None:
        """Replace tags and metadata of a revision's points."""
        async with self._connected() as connection:
            await connection.set_labels(collection, of_revision(tenant, revision), tags, metadata)

    async def search(self, collection: str, query: Query) -> Sequence[Hit]:
        """Ask for the best points in one request."""
        async with self._connected() as connection:
            return await connection.search(collection, query)

    async def count(self, collection: str, tenant: str, revision: UUID | None = None) -> int:
        """Count the tenant's points."""
        async with self._connected() as connection:
            return await connection.count(collection, of_revision(tenant, revision))

    async def revisions(self, collection: str) -> Mapping[tuple[str, UUID], int]:
        """Count the points of each revision, tenant by tenant."""
        async with self._connected() as connection:
            found = {}
            for tenant in await connection.facet(collection, "tenant", []):
                for revision, points in (await connection.facet(collection, "revision", conditions(tenant))).items():
                    found[tenant, UUID(revision)] = points
            return found

    async def ping(self) -> None:
        """Ask for the list of collections."""
        async with self._connected() as connection:
            await connection.collections()

    async def close(self) -> None:
        """Close the connections."""
        async with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["Connection"]:
        async with self._lock:
            if self._connection is None:
                self._connection = await self._connect()
        try:
            yield self._connection
        except self._connection.failures as error:
            raise IndexUnavailable(f"the Qdrant server failed: {type(error).__name__}: {error}") from error


def _connect(settings: IndexSettings) -> "Connection":
    from rag.indexing.qdrant import Connection

    key = settings.api_key.get_secret_value() if settings.api_key else None
    return Connection.open(settings.url, key, settings.timeout_seconds)
