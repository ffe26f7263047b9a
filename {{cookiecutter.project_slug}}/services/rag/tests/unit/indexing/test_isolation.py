"""No filter leaves the tenant: random stores, labels, deletions and filters, against an oracle by brute force."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_doubles import DIMENSIONS, local_server

from rag.indexing.edge import EdgeVectorIndex
from rag.indexing.memory import MemoryVectorIndex
from rag.indexing.points import point_id
from rag.indexing.ports import Filter, Hit, Mode, Point, Query, Scalar, SparseVector, VectorIndex

TENANTS = ("acme", "globex", 'a"]}', "*", "acme ")
REVISIONS = [UUID(int=number) for number in range(1, 7)]
COLLECTION = "rag-property"

scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.booleans(), st.sampled_from([0, 1, -1, 1.0, 0.5]), st.sampled_from(["", "1", "true", "acme", '"]', "ä.b[0]"])
)
keys = st.sampled_from(["tenant", "year", "a.b", 'k"', "*"])
tags = st.lists(st.sampled_from(["acme", "red", "*", "globex"]), max_size=3, unique=True).map(tuple)


@st.composite
def points(draw: st.DrawFn) -> Point:
    revision = draw(st.sampled_from(REVISIONS))
    ordinal = draw(st.integers(0, 3))
    tenant = TENANTS[revision.int % len(TENANTS)]
    vector = np.array(draw(st.lists(st.sampled_from([-1.0, 0.5, 1.0]), min_size=8, max_size=8)), dtype=np.float32)
    terms = tuple(sorted(draw(st.sets(st.integers(1, 6), min_size=1, max_size=4))))
    return Point(
        id=point_id(revision, ordinal),
        tenant=tenant,
        document=UUID(int=100 + revision.int % 3),
        revision=revision,
        ordinal=ordinal,
        dense=vector,
        sparse=SparseVector(terms, (1.0,) * len(terms)),
        tags=draw(tags),
        metadata=draw(st.dictionaries(keys, scalars, max_size=2)),
    )


filters = st.builds(
    Filter,
    documents=st.lists(st.sampled_from([UUID(int=100 + n) for n in range(4)]), max_size=2).map(tuple),
    tags=tags,
    metadata=st.dictionaries(keys, st.lists(scalars, max_size=3).map(tuple), max_size=2),
)
queries = st.builds(
    Query,
    tenant=st.sampled_from([*TENANTS, "nobody"]),
    dense=st.just(np.array([1.0, 0.5, -1.0, 1.0, 0.5, 1.0, -1.0, 0.5], dtype=np.float32)),
    sparse=st.sets(st.integers(1, 7), max_size=4).map(
        lambda found: SparseVector(tuple(sorted(found)), (1.0,) * len(found))
    ),
    mode=st.sampled_from(list(Mode)),
    limit=st.just(50),
    filter=filters,
)


@pytest.mark.parametrize("kind", ["edge", "client"])
def test_every_store_finds_what_the_oracle_finds_and_only_the_tenants(kind: str, tmp_path: Path) -> None:
    index: VectorIndex = EdgeVectorIndex(tmp_path) if kind == "edge" else local_server()

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        stored=st.lists(points(), max_size=14),
        removed=st.lists(st.sampled_from(REVISIONS), max_size=2),
        asked=st.lists(queries, min_size=1, max_size=4),
    )
    def check(stored: list[Point], removed: list[UUID], asked: list[Query]) -> None:
        asyncio.run(_compare(index, stored, removed, asked))

    check()
    asyncio.run(index.close())


async def _compare(
    index: VectorIndex, stored: Sequence[Point], removed: Sequence[UUID], asked: Sequence[Query]
) -> None:
    oracle = MemoryVectorIndex()
    await _empty(index)
    for store in (oracle, index):
        await store.create(COLLECTION, DIMENSIONS)
        await store.upsert(COLLECTION, stored)
        for revision in removed:
            await store.delete_revision(COLLECTION, TENANTS[revision.int % len(TENANTS)], revision)
    assert await index.revisions(COLLECTION) == await oracle.revisions(COLLECTION)
    for query in asked:
        expected = await oracle.search(COLLECTION, query)
        found = await index.search(COLLECTION, query)
        assert _scores(found, query.mode) == pytest.approx(_scores(expected, query.mode), abs=1e-3)
        owned = {point.id for point in stored if point.tenant == query.tenant}
        assert {hit.id for hit in found} <= owned


async def _empty(index: VectorIndex) -> None:
    """Making a collection takes longer than emptying one."""
    if COLLECTION in await index.collections():
        for tenant, revision in await index.revisions(COLLECTION):
            await index.delete_revision(COLLECTION, tenant, revision)


def _scores(hits: Sequence[Hit], mode: Mode) -> dict[UUID, float]:
    """Points of equal scores may have any order, and their fused scores follow from it: those are not compared."""
    return {hit.id: 0.0 if mode is Mode.HYBRID else hit.score for hit in hits}
