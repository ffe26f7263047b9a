"""The embedded store: Qdrant's engine in this process, one shard per collection below one folder.

Facts of qdrant-edge-py 0.9 that shape this adapter, all measured:

- One process owns a folder. Within it the API and the embedded worker, each on an event loop of its own, share the
  shards (`EdgeFolder`), because a second one on the same files is refused.
- A write is in the write-ahead log when it returns, so killing the process loses nothing; `flush` makes it survive the
  machine, too, at 10 to 30 ms. Points wait for it until their document is to be shown, or there are very many of them.
- Every call holds Python's interpreter lock. `optimize` would hold it for minutes while it builds a graph of 100,000
  vectors, and freeze the process. It is never called: searches compare all vectors of the tenant, which is exact and
  takes 4 ms for 20,000 of them. Who has far more runs a Qdrant server.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import qdrant_edge as edge

from rag.indexing.edge_folder import EdgeFolder
from rag.indexing.edge_requests import point_of, request_of, where_all
from rag.indexing.points import UPSERT, labels, of_revision
from rag.indexing.ports import Hit, IndexUnavailable, Point, Query, Scalar

T = TypeVar("T")


class EdgeVectorIndex:
    """Collections in a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder.resolve()
        self._folder: EdgeFolder | None = None
        self._lock = threading.Lock()

    async def create(self, collection: str, dimensions: int) -> None:
        """Make a collection, unless it is there."""
        await self._call(lambda folder: folder.create(collection, dimensions))

    async def collections(self) -> Sequence[str]:
        """Return the names of all collections."""
        return await self._call(lambda folder: folder.names())

    async def drop(self, collection: str) -> None:
        """Close a collection and delete its files."""
        await self._call(lambda folder: folder.drop(collection))

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Write points."""
        await self._call(lambda folder: folder.write(collection, _upserts(points), flush=False))

    async def flush(self, collection: str) -> None:
        """Flush everything to the disk."""
        await self._call(lambda folder: folder.write(collection, []))

    async def delete_revision(self, collection: str, tenant: str, revision: UUID) -> None:
        """Remove all points of a revision."""
        operation = edge.UpdateOperation.delete_points_by_filter(where_all(of_revision(tenant, revision)))
        await self._call(lambda folder: folder.write(collection, [operation]))

    async def set_labels(
        self, collection: str, tenant: str, revision: UUID, tags: Sequence[str], metadata: Mapping[str, Scalar]
    ) -> None:
        """Replace tags and metadata of a revision's points."""
        where = where_all(of_revision(tenant, revision))
        operation = edge.UpdateOperation.set_payload_by_filter(where, dict(labels(tags, metadata)))
        await self._call(lambda folder: folder.write(collection, [operation]))

    async def search(self, collection: str, query: Query) -> Sequence[Hit]:
        """Ask for the best points in one request.

        Not in a thread, once the collection is open: the engine would keep this one from running all the same.
        """
        request = request_of(query)
        if request is None:
            return []
        if self._folder is not None and self._folder.is_open(collection):
            return self._do(lambda folder: folder.search(collection, request))
        return await self._call(lambda folder: folder.search(collection, request))

    async def count(self, collection: str, tenant: str, revision: UUID | None = None) -> int:
        """Count the tenant's points."""
        return await self._call(lambda folder: folder.count(collection, of_revision(tenant, revision)))

    async def revisions(self, collection: str) -> Mapping[tuple[str, UUID], int]:
        """Count the points of each revision."""
        return await self._call(lambda folder: folder.revisions(collection))

    async def ping(self) -> None:
        """Open the folder."""
        await self._call(lambda folder: folder.names())

    async def close(self) -> None:
        """Leave the folder; whoever leaves it last closes its shards."""
        await asyncio.to_thread(self._leave)

    async def _call(self, action: Callable[["EdgeFolder"], T]) -> T:
        return await asyncio.to_thread(self._do, action)

    def _do(self, action: Callable[["EdgeFolder"], T]) -> T:
        with self._lock:
            if self._folder is None:
                self._folder = EdgeFolder.enter(self._path)
        try:
            return action(self._folder)
        except IndexUnavailable:
            raise
        except Exception as error:  # the engine raises nothing more exact
            raise IndexUnavailable(f"the embedded store failed: {error}") from error

    def _leave(self) -> None:
        with self._lock:
            folder, self._folder = self._folder, None
        if folder is not None:
            folder.leave()


def _upserts(points: Sequence[Point]) -> Iterator[edge.UpdateOperation]:
    for start in range(0, len(points), UPSERT):
        yield edge.UpdateOperation.upsert_points([point_of(point) for point in points[start : start + UPSERT]])
