"""The whole application on a real database and the real embedded store of vectors."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from llmkit.providers.ports import Provider
from rag.app import assemble
from rag.bootstrap import Services, build_services, resources_of
from rag.catalog import WorkerResources
from rag.chunking.chunks import Chunk
from rag.documents.models import Document, Revision, RevisionState
from rag.documents.repository import ChunkRepository
from rag.indexing.ports import Scalar
from rag.settings import RagSettings
from servicekit.database import utc_now, uuid7
from servicekit.kit import Kit

sys.path.append(str(Path(__file__).parent))  # so that tests import `shelves`

from shelves import chunks_of, take_in  # noqa: F401 - fixtures

AddDocument = Callable[..., Awaitable[str]]
Uploader = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
async def services(kit: Kit, settings: RagSettings, provider: Provider) -> AsyncIterator[Services]:
    made = build_services(kit, settings, providers={"openai": provider})
    yield made
    await made.store.close()


@pytest.fixture
def app(services: Services) -> FastAPI:
    return assemble(services, services.running)


@pytest.fixture
async def resources(services: Services) -> WorkerResources:
    """What jobs of this test use: the same database, storage and index as the application."""
    await services.store.collections.prepare(services.store.index)
    kit = services.kit
    return resources_of(services.settings, kit.database, kit.storage, kit.jobs, services.store)


@pytest.fixture
def upload() -> Uploader:
    """Upload texts: `await upload(client, {"a.md": "…"}, tags="x")`."""

    async def upload(client: httpx2.AsyncClient, texts: dict[str, str | bytes], **form: str) -> httpx2.Response:
        files = [("files", (name, content)) for name, content in texts.items()]
        return await client.post("/v1/documents", files=files, data=form)

    return upload


@pytest.fixture
def scripted_models() -> dict[str, object]:
    """Settings by which the scripted provider answers; the second model is for small tasks."""
    return {
        "llm__strong": ("openai:big",),
        "llm__cheap": ("openai:small", "offline"),
        "llm__openai_base_url": "http://127.0.0.1:9",
        "llm__attempts": 1,
        "money__unknown_price": "charge",
        "conversations__titles": False,
    }


@pytest.fixture
async def add_document(running_app: FastAPI, services: Services) -> AddDocument:
    """Put a document into database and index as its ingestion would: one chunk per text, each on a page of its own."""

    async def add(name: str, *texts: str, tenant: str = "acme", **labels: object) -> str:
        store, database = services.store, services.kit.database
        document, revision = _rows(name, len(texts), tenant, **labels)
        chunks = [Chunk(place, text, (), place + 1, (), place, len(text) // 4) for place, text in enumerate(texts)]
        async with database.session() as session:
            session.add(document)
            await session.flush()
            session.add(revision)
            await session.flush()
            await ChunkRepository(session).write(revision.id, chunks)
        async with database.reading() as session:
            collection = await store.collections.active(session)
        assert collection is not None
        await store.indexer.fill(collection.name, revision.id, 100)
        return str(document.id)

    return add


def _rows(
    name: str, size: int, tenant: str, *, tags: tuple[str, ...] = (), metadata: dict[str, Scalar] | None = None
) -> tuple[Document, Revision]:
    now, document, revision = utc_now(), uuid7(), uuid7()
    return Document(
        id=document,
        tenant=tenant,
        name=name,
        revision=revision,
        latest=revision,
        tags=list(tags),
        facts=metadata or {},
        actor="test",
        created_at=now,
        updated_at=now,
    ), Revision(
        id=revision,
        document_id=document,
        tenant=tenant,
        number=1,
        state=RevisionState.READY,
        media_type="text/plain",
        size=1,
        sha256=revision.hex * 2,
        pages=size,
        chunks=size,
        job_id=uuid7(),
        created_at=now,
        ready_at=now,
    )


@pytest.fixture
async def manual(add_document: AddDocument) -> str:
    """The id of a document of tenant acme."""
    texts = ("The service listens on port 8002.", "A job whose worker dies is tried again after sixty seconds.")
    return await add_document("manual.md", *texts, tags=("ops",), metadata={"year": 2026})


@pytest.fixture
async def server_url(running_app: FastAPI) -> AsyncIterator[str]:
    """The address of the running application."""
    server = uvicorn.Server(
        uvicorn.Config(
            running_app, port=0, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2
        )
    )
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task
