"""The bare stores, asked in process: `qdrant-client` in local mode and the embedded engine, with the service's vectors.

`{"database": …, "folder": …, "questions": […], "local": true}` fills them from the chunks that the service has
written, `{"store": "local" | "edge", "seconds": …}` asks. A question is a vector already: neither embedding nor text
is part of what is timed.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import qdrant_edge as edge
from qdrant_client import QdrantClient, models
from sqlalchemy import select

from bench.rag.inside.talk import serve
from llmkit.embeddings.hashed import HashedEmbedder
from rag.documents.models import Revision
from rag.documents.repository import ChunkRepository
from rag.indexing.edge_folder import EdgeFolder
from rag.indexing.edge_requests import point_of, request_of
from rag.indexing.points import DENSE, FUSED, SPARSE, point_id
from rag.indexing.ports import Point, Query
from rag.indexing.sparse import SparseEncoder
from servicekit.database import Database
from servicekit.database.engine import sqlite_url

COLLECTION = "bare"
TENANT = "bench"
LIMIT = 14
"""As many hits as the service asks for."""
BATCH = 512
Ask = Callable[[], object]


class Bench:
    """The filled stores and the questions."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._embedder, self._sparse = HashedEmbedder(), SparseEncoder()
        self._local = QdrantClient(":memory:") if request["local"] else None
        self._edge = EdgeFolder.enter(Path(request["folder"]))
        self._edge.create(COLLECTION, self._embedder.dimensions)
        if self._local is not None:
            make_local(self._local, self._embedder.dimensions)
        self.chunks = 0
        with Path(request["texts"]).open("w") as texts:
            for batch in read_chunks(Path(request["database"])):
                self._write([(revision, ordinal, text) for revision, ordinal, text in batch])
                if self._local is not None:  # the LangChain server reads them, which runs beside local mode only
                    texts.writelines(json.dumps(text) + "\n" for _, _, text in batch)
        asked = [self._query(question) for question in request["questions"]]
        self._asked = cycle(asked)

    def ask(self, store: str, seconds: float) -> list[float]:
        """Return the milliseconds of as many queries as there is time for, 5 at least."""
        asking = self._ask_local if store == "local" else self._ask_edge
        milliseconds: list[float] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(milliseconds) < 5:
            query = next(self._asked)
            begin = time.perf_counter()
            asking(query)
            milliseconds.append(1000 * (time.perf_counter() - begin))
        return milliseconds

    def _ask_edge(self, query: Query) -> None:
        request = request_of(query)
        if request is not None:
            self._edge.search(COLLECTION, request)

    def _ask_local(self, query: Query) -> None:
        if self._local is None:
            raise ValueError("the local mode was not filled")
        sparse = models.SparseVector(indices=list(query.sparse.indices), values=list(query.sparse.values))
        halves = [
            models.Prefetch(query=query.dense.tolist(), using=DENSE, limit=FUSED),
            models.Prefetch(query=sparse, using=SPARSE, limit=FUSED),
        ]
        fusion = models.FusionQuery(fusion=models.Fusion.RRF)
        self._local.query_points(COLLECTION, prefetch=halves, query=fusion, limit=LIMIT, with_payload=True)

    def _query(self, question: str) -> Query:
        (dense,) = self._embedder.embed([question])
        return Query(TENANT, dense, self._sparse.query(question), limit=LIMIT)

    def _write(self, batch: Sequence[tuple[UUID, int, str]]) -> None:
        vectors = self._embedder.embed([text for _, _, text in batch])
        points = [
            Point(point_id(revision, ordinal), TENANT, revision, revision, ordinal, vector, self._sparse.document(text))
            for (revision, ordinal, text), vector in zip(batch, vectors, strict=True)
        ]
        self._edge.write(COLLECTION, [edge.UpdateOperation.upsert_points([point_of(point) for point in points])])
        if self._local is not None:
            self._local.upsert(COLLECTION, [local_point(point) for point in points])
        self.chunks += len(points)


def make_local(client: QdrantClient, dimensions: int) -> None:
    """Make a collection like the service's."""
    client.create_collection(
        COLLECTION,
        {DENSE: models.VectorParams(size=dimensions, distance=models.Distance.COSINE)},
        {SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )


def local_point(point: Point) -> models.PointStruct:
    """Return a point as `qdrant-client` takes it."""
    sparse = models.SparseVector(indices=list(point.sparse.indices), values=list(point.sparse.values))
    payload = {"revision": str(point.revision), "ordinal": point.ordinal}
    return models.PointStruct(id=str(point.id), vector={DENSE: point.dense.tolist(), SPARSE: sparse}, payload=payload)


def read_chunks(database: Path) -> Iterator[list[tuple[UUID, int, str]]]:
    """Yield revision, ordinal and searchable text of all chunks, some at a time."""

    async def revisions() -> list[UUID]:
        async with source.reading() as session:
            return list(await session.scalars(select(Revision.id)))

    async def batch(revision: UUID, start: int) -> list[tuple[UUID, int, str]]:
        async with source.reading() as session:
            chunks = await ChunkRepository(session).batch(revision, start, BATCH)
        return [(revision, chunk.ordinal, chunk.searchable) for chunk in chunks]

    source = Database(sqlite_url(database))
    with asyncio.Runner() as runner:
        for revision in runner.run(revisions()):
            start = 0
            while found := runner.run(batch(revision, start)):
                yield found
                start = found[-1][1] + 1
        runner.run(source.dispose())


def main() -> None:
    """Fill, then measure as often as asked."""
    benches: list[Bench] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if "database" in request:
            benches.append(Bench(request))
            return {"chunks": benches[-1].chunks}
        return {"milliseconds": benches[-1].ask(request["store"], request["seconds"])}

    serve(answer)


if __name__ == "__main__":
    main()
