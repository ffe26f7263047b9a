"""The files of the embedded store: who has them open, and what is done to them. All of it blocks."""

import fcntl
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import rmtree
from typing import ClassVar
from uuid import UUID

import qdrant_edge as edge

from rag.indexing.edge_requests import hit_of, where_all
from rag.indexing.points import DENSE, KEYWORDS, REVISION, SPARSE, TENANT, Condition, conditions
from rag.indexing.ports import Hit, IndexUnavailable

MOST_VALUES = 1_000_000
"""Tenants, and revisions of one tenant, that are counted."""
MOST_UNFLUSHED = 16
"""Operations after which the write-ahead log is emptied by a flush: opening a shard reads what is in it."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


class IndexInUse(IndexUnavailable):
    """Another process has the folder."""


class EdgeFolder:
    """The shards of one folder, shared by all of this process."""

    _open: ClassVar[dict[Path, "EdgeFolder"]] = {}
    _guard = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._users = 0
        self._shards: dict[str, edge.EdgeShard] = {}
        self._unflushed: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._file = self._claim()

    @classmethod
    def enter(cls, path: Path) -> "EdgeFolder":
        """Open a folder, or join those who have it open; IndexInUse when another process has."""
        with cls._guard:
            folder = cls._open.get(path)
            if folder is None:
                folder = cls._open[path] = cls(path)
            folder._users += 1
            return folder

    def leave(self) -> None:
        """Close everything when nobody is left."""
        with self._guard:
            self._users -= 1
            if self._users:
                return
            del self._open[self._path]
            with self._lock:
                for shard in self._shards.values():
                    shard.close()
                self._shards.clear()
            os.close(self._file)

    def create(self, collection: str, dimensions: int) -> None:
        """Make a collection, unless it is there."""
        with self._lock:
            if collection not in self.names():
                self._make(collection, dimensions)

    def names(self) -> list[str]:
        """Return the names of all whole collections."""
        return sorted(entry.name for entry in self._path.iterdir() if entry.is_dir() and _NAME.fullmatch(entry.name))

    def drop(self, collection: str) -> None:
        """Close a collection and delete its files."""
        with self._lock:
            shard = self._shards.pop(collection, None)
            if shard is not None:
                shard.close()
            doomed = self._path / f"-{collection}"
            if (self._path / collection).exists():
                (self._path / collection).rename(doomed)  # at once, so that a kill leaves no half of a collection
            rmtree(doomed, ignore_errors=True)

    def write(self, collection: str, operations: Iterable[edge.UpdateOperation], *, flush: bool = True) -> None:
        """Do the operations one after the other, then flush, or only if many have been done since the last time."""
        shard = self._shard(collection)
        for operation in operations:
            shard.update(operation)
            self._unflushed[collection] += 1
        if flush or self._unflushed[collection] >= MOST_UNFLUSHED:
            self._unflushed[collection] = 0  # first: what another thread writes meanwhile counts for the next one
            shard.flush()

    def search(self, collection: str, request: edge.QueryRequest) -> list[Hit]:
        """Answer a request."""
        return [hit_of(found) for found in self._shard(collection).query(request)]

    def count(self, collection: str, required: Sequence[Condition]) -> int:
        """Count exactly what fulfils the conditions."""
        return self._shard(collection).count(edge.CountRequest(exact=True, filter=where_all(required)))

    def revisions(self, collection: str) -> dict[tuple[str, UUID], int]:
        """Count the points of each revision, tenant by tenant."""
        shard = self._shard(collection)
        found = {}
        for tenant in _facet(shard, TENANT, None):
            for revision, points in _facet(shard, REVISION, where_all(conditions(tenant))).items():
                found[tenant, UUID(revision)] = points
        return found

    def is_open(self, collection: str) -> bool:
        """Whether a collection can be asked without opening files."""
        return collection in self._shards

    def _shard(self, collection: str) -> edge.EdgeShard:
        shard = self._shards.get(collection)
        if shard is not None:
            return shard
        with self._lock:
            if collection not in self._shards:
                if collection not in self.names():
                    raise IndexUnavailable(f"there is no collection {collection}")
                self._shards[collection] = edge.EdgeShard.load(str(self._path / collection))
            return self._shards[collection]

    def _make(self, collection: str, dimensions: int) -> None:
        """Build the collection beside its place and move it there: it is whole or not there."""
        if not _NAME.fullmatch(collection):
            raise IndexUnavailable(f"{collection!r} is no name of a collection")
        building = self._path / f"-{collection}"
        rmtree(building, ignore_errors=True)
        config = edge.EdgeConfig(
            vectors={DENSE: edge.EdgeVectorParams(size=dimensions, distance=edge.Distance.Cosine)},
            sparse_vectors={SPARSE: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        )
        shard = edge.EdgeShard.create(str(building), config)
        for name in KEYWORDS:
            index = edge.KeywordIndexParams(is_tenant=name == TENANT)
            shard.update(edge.UpdateOperation.create_field_index(name, index))
        shard.flush()
        shard.close()
        building.rename(self._path / collection)

    def _claim(self) -> int:
        self._path.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            reason = "Another process uses the embedded vector store: end it, or set INDEX__URL to a Qdrant server."
            raise IndexInUse(reason) from None
        return file


def _facet(shard: edge.EdgeShard, key: str, where: edge.Filter | None) -> dict[str, int]:
    request = edge.FacetRequest(key, limit=MOST_VALUES, exact=True, filter=where)
    return {str(hit.value): hit.count for hit in shard.facet(request).hits if hit.count}
