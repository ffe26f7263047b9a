"""Points and queries for tests of the store of vectors, and the server's adapter without a server."""

from typing import Any
from uuid import UUID, uuid4

import numpy as np
from qdrant_client import AsyncQdrantClient

from rag.indexing.points import point_id
from rag.indexing.ports import Filter, Mode, Point, Query, Scalar, SparseVector
from rag.indexing.qdrant import Connection
from rag.indexing.server import ServerVectorIndex
from rag.indexing.sparse import SparseEncoder

DIMENSIONS = 8


def local_server() -> ServerVectorIndex:
    """The server's adapter over the client's own engine in memory, which reads the same requests."""

    async def connect() -> Connection:
        return _Unindexed(AsyncQdrantClient(":memory:"))

    return ServerVectorIndex(connect)


class _Unindexed(Connection):
    """Without payload indexes: the client's engine warns that it has none."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        async def nothing(*_: object, **__: object) -> None: ...

        client.create_payload_index = nothing  # type: ignore[assignment, method-assign]  # a foreign object
        super().__init__(client)


def point(
    text: str = "",
    *,
    tenant: str = "acme",
    document: UUID | None = None,
    revision: UUID | None = None,
    ordinal: int = 0,
    dense: list[float] | None = None,
    tags: tuple[str, ...] = (),
    metadata: dict[str, Scalar] | None = None,
) -> Point:
    revision = revision or uuid4()
    return Point(
        id=point_id(revision, ordinal),
        tenant=tenant,
        document=document or uuid4(),
        revision=revision,
        ordinal=ordinal,
        dense=np.array(dense or direction(text), dtype=np.float32),
        sparse=SparseEncoder().document(text) if text else SparseVector((), ()),
        tags=tags,
        metadata=metadata or {},
    )


def direction(text: str) -> list[float]:
    """A vector that only depends on the text."""
    random = np.random.default_rng(list(text.encode()) or [0])
    vector = random.normal(size=DIMENSIONS)
    return [float(part) for part in vector / np.linalg.norm(vector)]


def query(
    text: str,
    tenant: str = "acme",
    *,
    mode: Mode = Mode.HYBRID,
    limit: int = 10,
    dense: list[float] | None = None,
    dense_weight: float = 1.0,
    **chosen: Any,  # noqa: ANN401 - the fields of a filter
) -> Query:
    vector = np.array(dense or direction(text), dtype=np.float32)
    return Query(tenant, vector, SparseEncoder().query(text), mode, limit, Filter(**chosen), dense_weight)
