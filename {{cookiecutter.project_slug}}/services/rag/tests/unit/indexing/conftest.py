"""Every adapter of the store of vectors, and points to put into it."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

sys.path.append(str(Path(__file__).parent))  # so that tests import `index_doubles`

from index_doubles import DIMENSIONS, local_server, point, query

from rag.indexing.edge import EdgeVectorIndex
from rag.indexing.memory import MemoryVectorIndex
from rag.indexing.ports import Point, Query, VectorIndex
from rag.indexing.server import ServerVectorIndex
from rag.indexing.settings import IndexSettings

SERVER = os.environ.get("TEST_QDRANT_URL", "")
"""A Qdrant server (or what speaks its protocol) that the contract is checked against, too."""


@pytest.fixture(params=["memory", "edge", "client", *(["server"] if SERVER else [])])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorIndex]:
    made: VectorIndex
    match request.param:
        case "memory":
            made = MemoryVectorIndex()
        case "edge":
            made = EdgeVectorIndex(tmp_path / "index")
        case "client":
            made = local_server()
        case _:
            made = ServerVectorIndex.from_settings(IndexSettings(url=SERVER))
    yield made
    for name in await made.collections():
        await made.drop(name)
    await made.close()


@pytest.fixture
async def collection(index: VectorIndex) -> str:
    name = f"rag-test-{uuid4().hex[:8]}"
    await index.create(name, DIMENSIONS)
    return name


@pytest.fixture
def make_point() -> Callable[..., Point]:
    return point


@pytest.fixture
def make_query() -> Callable[..., Query]:
    return query
