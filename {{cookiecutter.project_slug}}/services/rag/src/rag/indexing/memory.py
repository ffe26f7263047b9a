"""The store in memory: exact and slow. The oracle of the other adapters' tests, and what unit tests search in."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np

from rag.indexing.points import (
    DOCUMENT,
    FACTS,
    FUSED,
    FUSION_K,
    REVISION,
    TAGS,
    TENANT,
    Condition,
    conditions,
    labels,
    of_revision,
)
from rag.indexing.ports import Hit, IndexUnavailable, Mode, Point, Query, Scalar, SparseVector


class MemoryVectorIndex:
    """Collections of points in dictionaries."""

    def __init__(self) -> None:
        self._collections: dict[str, dict[UUID, Point]] = {}
        self._dimensions: dict[str, int] = {}
        self.away = False
        """Set by a test to see what happens while the store cannot be reached."""

    async def create(self, collection: str, dimensions: int) -> None:
        """Make a collection, unless it is there."""
        self._check()
        self._collections.setdefault(collection, {})
        self._dimensions.setdefault(collection, dimensions)

    async def collections(self) -> Sequence[str]:
        """Return the names of all collections."""
        self._check()
        return tuple(self._collections)

    async def drop(self, collection: str) -> None:
        """Delete a collection."""
        self._check()
        self._collections.pop(collection, None)
        self._dimensions.pop(collection, None)

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Keep the points."""
        stored = self._points(collection)
        for point in points:
            if point.dense.shape != (self._dimensions[collection],):
                raise IndexUnavailable(f"a vector of {collection} has {self._dimensions[collection]} dimensions")
            stored[point.id] = point

    async def flush(self, collection: str) -> None:
        """Do nothing but look whether there is such a collection."""
        self._points(collection)

    async def delete_revision(self, collection: str, tenant: str, revision: UUID) -> None:
        """Remove all points of a revision."""
        for point in self._matching(collection, of_revision(tenant, revision)):
            del self._collections[collection][point.id]

    async def set_labels(
        self, collection: str, tenant: str, revision: UUID, tags: Sequence[str], metadata: Mapping[str, Scalar]
    ) -> None:
        """Replace tags and metadata of a revision's points."""
        for point in self._matching(collection, of_revision(tenant, revision)):
            changed = replace(point, tags=tuple(tags), metadata=dict(metadata))
            self._collections[collection][point.id] = changed

    async def search(self, collection: str, query: Query) -> Sequence[Hit]:
        """Compare the query with every point of the tenant."""
        points = self._matching(collection, conditions(query.tenant, query.filter))
        if query.mode is Mode.DENSE:
            return _hits(_dense(points, query), query.limit)
        corpus = self._matching(collection, conditions(query.tenant))
        sparse = _sparse(points, query.sparse, corpus)
        if query.mode is Mode.SPARSE:
            return _hits(sparse, query.limit)
        depth = max(query.limit, FUSED)
        fused: dict[UUID, float] = defaultdict(float)
        halves = (query.dense_weight, _dense(points, query)), (1.0, sparse)
        for weight, scored in halves:
            for rank, (point, _) in enumerate(_best(scored, depth)):
                fused[point.id] += 1 / (FUSION_K - 1 + (rank + 1) / weight)
        return _hits([(point, fused[point.id]) for point in points if point.id in fused], query.limit)

    async def count(self, collection: str, tenant: str, revision: UUID | None = None) -> int:
        """Count the tenant's points."""
        return len(self._matching(collection, of_revision(tenant, revision)))

    async def revisions(self, collection: str) -> Mapping[tuple[str, UUID], int]:
        """Count the points of each revision."""
        return Counter((point.tenant, point.revision) for point in self._points(collection).values())

    async def ping(self) -> None:
        """Answer."""
        self._check()

    async def close(self) -> None:
        """Keep everything: it is gone with the process."""

    def _check(self) -> None:
        if self.away:
            raise IndexUnavailable("the store is away")

    def _points(self, collection: str) -> dict[UUID, Point]:
        self._check()
        if collection not in self._collections:
            raise IndexUnavailable(f"there is no collection {collection}")
        return self._collections[collection]

    def _matching(self, collection: str, required: Sequence[Condition]) -> list[Point]:
        return [
            point
            for point in self._points(collection).values()
            if all(_values(point, condition.field) & set(condition.values) for condition in required)
        ]


def _values(point: Point, name: str) -> set[str]:
    changing = labels(point.tags, point.metadata)
    return {
        TENANT: {point.tenant},
        DOCUMENT: {str(point.document)},
        REVISION: {str(point.revision)},
        TAGS: set(changing[TAGS]),
        FACTS: set(changing[FACTS]),
    }[name]


def _dense(points: Sequence[Point], query: Query) -> list[tuple[Point, float]]:
    if not points:
        return []
    vectors = np.stack([point.dense for point in points])
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query.dense)
    scores = np.divide(vectors @ query.dense, lengths, out=np.zeros(len(points), np.float32), where=lengths > 0)
    return list(zip(points, map(float, scores), strict=True))


def _sparse(points: Sequence[Point], query: SparseVector, corpus: Sequence[Point]) -> list[tuple[Point, float]]:
    """Score by BM25: the weights come with the vectors, the rarity of a term from the tenant's own points."""
    having = Counter(index for point in corpus for index in set(point.sparse.indices))
    size = len(corpus)
    rarity = {
        index: math.log((size - having[index] + 0.5) / (having[index] + 0.5) + 1) * weight
        for index, weight in zip(query.indices, query.values, strict=True)
    }
    scored = []
    for point in points:
        weights = dict(zip(point.sparse.indices, point.sparse.values, strict=True))
        if not weights.keys().isdisjoint(rarity):
            scored.append((point, sum(rarity[index] * weights.get(index, 0.0) for index in rarity)))
    return scored


def _best(scored: list[tuple[Point, float]], limit: int) -> list[tuple[Point, float]]:
    return sorted(scored, key=lambda pair: (-pair[1], pair[0].id))[:limit]


def _hits(scored: list[tuple[Point, float]], limit: int) -> list[Hit]:
    return [
        Hit(point.id, point.document, point.revision, point.ordinal, score) for point, score in _best(scored, limit)
    ]
