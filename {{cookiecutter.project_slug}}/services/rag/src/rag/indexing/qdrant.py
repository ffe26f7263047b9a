"""What is said to a Qdrant server. Only `server.py` imports this, when it is needed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException

from rag.indexing.points import (
    DENSE,
    DOCUMENT,
    FOUND,
    FUSED,
    FUSION_K,
    KEYWORDS,
    ORDINAL,
    REVISION,
    SPARSE,
    TENANT,
    Condition,
    conditions,
    impossible,
    labels,
)
from rag.indexing.ports import Hit, Mode, Point, Query, Scalar

MOST_VALUES = 1_000_000
"""Tenants, and revisions of one tenant, that are counted."""
GRAPH_EDGES = 16
CONFLICT = 409


class Connection:
    """An open client. `failures` are what its calls raise when the server does not do what it was asked."""

    failures: tuple[type[Exception], ...] = (ApiException, httpx.HTTPError, OSError, ValueError)

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client

    @classmethod
    def open(cls, url: str, api_key: str | None, timeout: float) -> "Connection":
        """Make a client; nothing is sent yet."""
        headers = {"api-key": api_key} if api_key else None  # given as `api_key`, it warns of every http:// address
        client = AsyncQdrantClient(url=url, headers=headers, timeout=math.ceil(timeout), check_compatibility=False)
        return cls(client)

    async def create(self, collection: str, dimensions: int) -> None:
        """Make a collection with a graph for each tenant and none over all of them."""
        if not await self._client.collection_exists(collection):
            try:
                await self._client.create_collection(
                    collection,
                    vectors_config={DENSE: models.VectorParams(size=dimensions, distance=models.Distance.COSINE)},
                    sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                    hnsw_config=models.HnswConfigDiff(m=0, payload_m=GRAPH_EDGES),
                )
            except ApiException as error:
                if getattr(error, "status_code", None) != CONFLICT:  # somebody else was faster
                    raise
        for name in KEYWORDS:
            tenant = name == TENANT
            schema = models.KeywordIndexParams(
                type=models.KeywordIndexType.KEYWORD, is_tenant=tenant, enable_hnsw=tenant
            )
            await self._client.create_payload_index(collection, name, schema)

    async def collections(self) -> list[str]:
        """Return the names of all collections on the server."""
        return [found.name for found in (await self._client.get_collections()).collections]

    async def drop(self, collection: str) -> None:
        """Delete a collection."""
        await self._client.delete_collection(collection)

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Write points and wait until they can be found."""
        await self._client.upsert(collection, [_point(point) for point in points], wait=True)

    async def delete(self, collection: str, required: Sequence[Condition]) -> None:
        """Remove the points that fulfil the conditions."""
        await self._client.delete(collection, models.FilterSelector(filter=_filter(required)), wait=True)

    async def set_labels(
        self, collection: str, required: Sequence[Condition], tags: Sequence[str], metadata: Mapping[str, Scalar]
    ) -> None:
        """Replace tags and metadata of the points that fulfil the conditions."""
        payload: dict[str, Any] = dict(labels(tags, metadata))
        await self._client.set_payload(collection, payload, _filter(required), wait=True)

    async def search(self, collection: str, query: Query) -> list[Hit]:
        """Ask for the best points in one request; none is sent when nothing can match."""
        required = conditions(query.tenant, query.filter)
        if impossible(required) or (query.mode is Mode.SPARSE and not query.sparse.indices):
            return []
        answer = await self._client.query_points(
            collection, **_query(query, _filter(required)), limit=query.limit, with_payload=FOUND
        )
        return [_hit(found) for found in answer.points]

    async def count(self, collection: str, required: Sequence[Condition]) -> int:
        """Count the points that fulfil the conditions."""
        return (await self._client.count(collection, _filter(required), exact=True)).count

    async def facet(self, collection: str, key: str, required: Sequence[Condition]) -> dict[str, int]:
        """Count the points of each value of a field."""
        answer = await self._client.facet(collection, key, _filter(required), limit=MOST_VALUES, exact=True)
        return {str(hit.value): hit.count for hit in answer.hits if hit.count}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _filter(required: Sequence[Condition]) -> models.Filter:
    return models.Filter(
        must=[
            models.FieldCondition(key=condition.field, match=models.MatchAny(any=list(condition.values)))
            for condition in required
        ]
    )


def _query(query: Query, where: models.Filter) -> dict[str, Any]:
    """Return the part of a request that depends on the mode."""
    rarity = models.SearchParams(idf=models.IdfCorpusParams(corpus=_filter(conditions(query.tenant))))
    dense = query.dense.tolist()
    sparse = models.SparseVector(indices=list(query.sparse.indices), values=list(query.sparse.values))
    if query.mode is Mode.DENSE:
        return {"query": dense, "using": DENSE, "query_filter": where}
    if query.mode is Mode.SPARSE:
        return {"query": sparse, "using": SPARSE, "query_filter": where, "search_params": rarity}
    depth = max(query.limit, FUSED)
    halves = [models.Prefetch(query=dense, using=DENSE, filter=where, limit=depth)]
    if query.sparse.indices:
        halves.append(models.Prefetch(query=sparse, using=SPARSE, filter=where, params=rarity, limit=depth))
    fusion = models.RrfQuery(rrf=models.Rrf(k=FUSION_K, weights=[query.dense_weight, 1.0][: len(halves)]))
    return {"query": fusion, "prefetch": halves, "query_filter": where}


def _point(point: Point) -> models.PointStruct:
    payload: dict[str, Any] = {
        TENANT: point.tenant,
        DOCUMENT: str(point.document),
        REVISION: str(point.revision),
        ORDINAL: point.ordinal,
        **labels(point.tags, point.metadata),
    }
    sparse = models.SparseVector(indices=list(point.sparse.indices), values=list(point.sparse.values))
    return models.PointStruct(id=str(point.id), vector={DENSE: point.dense.tolist(), SPARSE: sparse}, payload=payload)


def _hit(found: models.ScoredPoint) -> Hit:
    payload = found.payload or {}
    return Hit(
        id=UUID(str(found.id)),
        document=UUID(payload[DOCUMENT]),
        revision=UUID(payload[REVISION]),
        ordinal=int(payload[ORDINAL]),
        score=found.score,
    )
