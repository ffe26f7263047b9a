"""What is said to the embedded engine, and how its answers are read."""

from collections.abc import Sequence
from uuid import UUID

import qdrant_edge as edge

from rag.indexing.points import (
    DENSE,
    DOCUMENT,
    FOUND,
    FUSED,
    FUSION_K,
    ORDINAL,
    REVISION,
    SPARSE,
    TENANT,
    Condition,
    conditions,
    impossible,
    labels,
)
from rag.indexing.ports import Hit, Mode, Point, Query


def where_all(required: Sequence[Condition]) -> edge.Filter:
    """Return a filter of which every condition must hold."""
    return edge.Filter(
        must=[
            edge.FieldCondition(condition.field, match=edge.MatchAny(list(condition.values))) for condition in required
        ]
    )


def request_of(query: Query) -> edge.QueryRequest | None:
    """Return the request, or None when nothing can match."""
    required = conditions(query.tenant, query.filter)
    if impossible(required) or (query.mode is Mode.SPARSE and not query.sparse.indices):
        return None
    where = where_all(required)
    rarity = edge.SearchParams(idf=edge.IdfParams(corpus=where_all(conditions(query.tenant))))
    dense = edge.Query.Nearest(query.dense.tolist(), using=DENSE)
    sparse = edge.Query.Nearest(edge.SparseVector(list(query.sparse.indices), list(query.sparse.values)), using=SPARSE)
    if query.mode is Mode.DENSE:
        return edge.QueryRequest(query.limit, query=dense, filter=where, with_payload=FOUND)
    if query.mode is Mode.SPARSE:
        return edge.QueryRequest(query.limit, query=sparse, filter=where, params=rarity, with_payload=FOUND)
    depth = max(query.limit, FUSED)
    halves = [
        edge.Prefetch(depth, query=dense, filter=where),
        edge.Prefetch(depth, query=sparse, filter=where, params=rarity),
    ]
    fusion = edge.Fusion.Rrf(k=FUSION_K, weights=[query.dense_weight, 1.0])
    return edge.QueryRequest(
        query.limit,
        query=fusion,  # type: ignore[arg-type]  # its stub says that a fusion is none
        prefetches=halves,
        filter=where,
        with_payload=FOUND,
    )


def point_of(point: Point) -> edge.Point:
    """Return a point as the engine takes it."""
    vectors: dict[str, edge.NamedVector] = {
        DENSE: point.dense.tolist(),
        SPARSE: edge.SparseVector(list(point.sparse.indices), list(point.sparse.values)),
    }
    payload = {
        TENANT: point.tenant,
        DOCUMENT: str(point.document),
        REVISION: str(point.revision),
        ORDINAL: point.ordinal,
        **labels(point.tags, point.metadata),
    }
    return edge.Point(point.id, vectors, payload)


def hit_of(found: edge.ScoredPoint) -> Hit:
    """Return what was found as the port gives it."""
    payload = found.payload or {}
    return Hit(
        id=UUID(str(found.id)),
        document=UUID(payload[DOCUMENT]),
        revision=UUID(payload[REVISION]),
        ordinal=int(payload[ORDINAL]),
        score=float(found.score),
    )
