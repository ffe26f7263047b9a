"""The store of vectors repaired, rebuilt and replaced, while documents come and go."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from shelves import CALLER, DyingIndex, Killed, long_text, on
from sqlalchemy import update

from llmkit.embeddings.hashed import HashedEmbedder
from rag.bootstrap import Services, build_services
from rag.catalog import WorkerResources
from rag.documents.indexer import Indexer
from rag.documents.models import Revision, RevisionState
from rag.documents.service import Added, DocumentService
from rag.documents.shelf import DocumentShelf
from rag.documents.storage import content_key
from rag.documents.tasks import ingest_document, purge_revisions
from rag.documents.work import IngestParams, PurgeParams
from rag.indexing.collections import Collections, IndexMismatch
from rag.indexing.memory import MemoryVectorIndex
from rag.indexing.models import IndexCollection
from rag.indexing.points import point_id
from rag.indexing.ports import Mode, Point, Query, SparseVector
from rag.indexing.sparse import SparseEncoder
from rag.reindexing.service import Reindexing
from rag.reindexing.tasks import RebuildParams, SweepParams, rebuild_index, sweep_index
from servicekit.database import utc_now
from servicekit.jobs import RetryLater
from servicekit.jobs.errors import JobCancelled
from servicekit.testkit.jobs import InlineJobs, make_context

TakeIn = Callable[..., Awaitable[Added]]
pytestmark = pytest.mark.settings(ingestion__batch_size=3, chunking__target_tokens=64)


@pytest.fixture
async def filled(resources: WorkerResources, take_in: TakeIn) -> tuple[WorkerResources, list[Added]]:
    """Two documents in a store in memory."""
    index = MemoryVectorIndex()
    made = on(resources, index)
    await made.collections.prepare(index)
    added = [await take_in(f"{number}.md", long_text(4, f"word{number}")) for number in range(2)]
    for one in added:
        await ingest(made, one)
    return made, added


async def ingest(resources: WorkerResources, added: Added) -> None:
    params = IngestParams(document=added.document.document.id, revision=added.document.revision.id)
    with ThreadPoolExecutor(1) as own:
        await asyncio.get_running_loop().run_in_executor(own, ingest_document, make_context(resources), params)


async def active(resources: WorkerResources) -> str:
    async with resources.database.reading() as session:
        found = await resources.collections.active(session)
    assert found is not None
    return found.name


async def expected(resources: WorkerResources) -> dict[tuple[str, UUID], int]:
    async with resources.database.reading() as session:
        shown = await DocumentShelf(session).shown(None, 1000)
    return {(revision.tenant, revision.id): revision.chunks or 0 for revision in shown}


def embedding(resources: WorkerResources, dimensions: int) -> WorkerResources:
    """The same service after a change of its embeddings."""
    embedder = HashedEmbedder(dimensions)
    return replace(
        resources,
        embedder=embedder,
        collections=Collections(resources.database, embedder.fingerprint, embedder.dimensions),
        indexer=Indexer(resources.database, resources.index, embedder, SparseEncoder()),
    )


def stray(revision: UUID, tenant: str = "acme", dimensions: int = 768) -> Point:
    vector = HashedEmbedder(dimensions).embed(["stray"])[0]
    return Point(point_id(revision, 0), tenant, uuid4(), revision, 0, vector, SparseVector((1,), (1.0,)))


async def test_a_store_that_was_lost_is_filled_from_the_database(filled) -> None:
    resources, _ = filled
    name = await active(resources)
    before = await resources.index.revisions(name)
    await resources.index.drop(name)

    result = await sweep_index(make_context(resources), SweepParams())

    assert (result.written, result.removed) == (2, 0)
    assert await resources.index.revisions(name) == before == await expected(resources)
    assert (await sweep_index(make_context(resources), SweepParams())).written == 0


async def test_what_the_database_does_not_know_is_removed_and_what_is_incomplete_is_written_again(filled) -> None:
    resources, (first, second) = filled
    name = await active(resources)
    await resources.index.upsert(name, [stray(uuid4()), stray(uuid4(), "globex")])
    await resources.index.delete_revision(name, "acme", second.document.revision.id)
    surplus = point_id(first.document.revision.id, 999)
    await resources.index.upsert(name, [replace(stray(first.document.revision.id), id=surplus, ordinal=999)])

    result = await sweep_index(make_context(resources), SweepParams())

    assert (result.written, result.removed) == (2, 2)
    assert await resources.index.revisions(name) == await expected(resources)


async def test_a_sweep_leaves_alone_what_is_being_ingested(filled, take_in: TakeIn) -> None:
    resources, _ = filled
    index = DyingIndex(2, after=True)
    dying = on(resources, index)
    await dying.collections.prepare(index)
    added = await take_in("half.md", long_text())
    with pytest.raises(Killed):
        await ingest(dying, added)
    half = await index.count(await active(resources), "acme", added.document.revision.id)
    index.dies_at = 0

    await sweep_index(make_context(dying), SweepParams())

    assert await index.count(await active(resources), "acme", added.document.revision.id) == half > 0


async def test_a_rebuild_switches_to_a_new_collection_and_keeps_the_old_one_for_a_while(filled) -> None:
    resources, _ = filled
    old = await active(resources)

    result = await rebuild_index(make_context(resources), RebuildParams())

    new = await active(resources)
    assert new == result.collection != old
    assert result.revisions == 2
    assert await resources.index.revisions(new) == await expected(resources)
    assert set(await resources.index.collections()) == {old, new}
    await _age_collections(resources, hours=25)
    await sweep_index(make_context(resources), SweepParams())
    assert await resources.index.collections() == (new,)
    assert await active(resources) == new


async def test_other_embeddings_are_refused_at_start_and_accepted_after_a_rebuild(filled) -> None:
    resources, _ = filled
    changed = embedding(resources, 64)
    with pytest.raises(IndexMismatch, match=r"hashed-768-1.*hashed-64-1.*make reindex"):
        await changed.collections.prepare(changed.index)

    await Reindexing(changed).rebuild()

    assert await changed.collections.prepare(changed.index) is False
    with pytest.raises(IndexMismatch):
        await resources.collections.prepare(resources.index)


async def test_no_query_fails_while_the_index_is_rebuilt_with_other_embeddings(filled, take_in: TakeIn) -> None:
    resources, _ = filled
    changed = embedding(resources, 64)
    answered = 0
    done = asyncio.Event()

    async def ask(service: WorkerResources) -> int:
        vector = await service.embedder.embed_query("word0 sentence")
        query = Query("acme", vector, SparseEncoder().query("word0"), Mode.HYBRID)
        return len(await service.index.search(await active(service), query))

    async def keep_asking() -> None:
        nonlocal answered
        while not done.is_set():
            assert await ask(resources) > 0
            answered += 1
            await asyncio.sleep(0)

    asking = asyncio.create_task(keep_asking())
    await Reindexing(changed).rebuild()
    late = await take_in("late.md", long_text(2, "late"))
    await ingest(resources, late)  # by a worker that has not been restarted
    done.set()
    await asking

    assert answered > 0
    assert await ask(resources) > 0  # the old process goes on with the old collection
    assert await ask(changed) > 0
    name = await active(changed)
    await sweep_index(make_context(changed), SweepParams())
    assert await changed.index.revisions(name) == await expected(changed)
    assert len(await expected(changed)) == 3


@pytest.mark.parametrize("dies_at", [1, 2, 3, 4, 5])
async def test_a_killed_rebuild_is_continued_in_the_same_collection(filled, take_in: TakeIn, dies_at: int) -> None:
    resources, _ = filled
    index = DyingIndex(0, after=True)
    dying = on(resources, index)
    await index.create(await active(resources), 768)
    await sweep_index(make_context(dying), SweepParams())
    old = await active(dying)
    index.calls, index.dies_at = 0, dies_at
    with pytest.raises(Killed):
        await rebuild_index(make_context(dying), RebuildParams())
    assert await active(dying) == old
    index.dies_at = 0

    result = await rebuild_index(make_context(dying), RebuildParams())

    assert set(await index.collections()) == {old, result.collection}
    assert await index.revisions(await active(dying)) == await expected(dying)


async def test_documents_that_come_and_go_during_a_rebuild_are_right_after_it(filled, take_in: TakeIn) -> None:
    resources, (first, _) = filled
    late = await take_in("late.md", long_text(3, "late"))

    class Busy(MemoryVectorIndex):
        busy = True

        async def upsert(self, collection: str, points: Sequence[Point]) -> None:
            await super().upsert(collection, points)
            if self.busy:
                self.busy = False
                await ingest(made, late)
                async with resources.database.session() as session:
                    await DocumentService(session, resources.jobs).delete(CALLER, first.document.document.id)
                params = PurgeParams(document=first.document.document.id, revisions=[first.document.revision.id])
                await purge_revisions(make_context(made), params)

    index = Busy()
    made = on(resources, index)
    await index.create(await active(resources), 768)

    await Reindexing(made).rebuild()

    assert await index.revisions(await active(made)) == await expected(made)
    assert {revision for _, revision in await expected(made)} == {
        late.document.revision.id,
        *(revision for _, revision in await expected(resources)),
    }


async def test_labels_changed_while_a_collection_is_filled_are_in_it(filled) -> None:
    resources, (first, _) = filled

    class Relabelled(MemoryVectorIndex):
        changed = False

        async def upsert(self, collection: str, points: Sequence[Point]) -> None:
            await super().upsert(collection, points)
            if not self.changed:
                self.changed = True
                async with resources.database.session() as session:
                    document = await DocumentShelf(session).take("acme", first.document.document.id)
                    document.tags = ["fresh"]

    index = Relabelled()
    made = on(resources, index)
    await index.create("rag-new", 768)

    await made.indexer.fill("rag-new", first.document.revision.id, 3)

    assert {point.tags for point in index._collections["rag-new"].values()} == {("fresh",)}


async def test_a_rebuild_can_be_cancelled(filled) -> None:
    resources, _ = filled
    context = make_context(resources)
    context.signals.stop = JobCancelled

    with pytest.raises(JobCancelled):
        await rebuild_index(context, RebuildParams())


async def test_while_the_store_is_away_the_jobs_are_tried_again_later(filled) -> None:
    resources, _ = filled
    resources.index.away = True

    for job, params in ((rebuild_index, RebuildParams()), (sweep_index, SweepParams())):
        with pytest.raises(RetryLater) as refusal:
            await job(make_context(resources), params)
        assert refusal.value.code == "index_unavailable"


async def test_a_document_whose_job_has_died_is_said_to_have_failed(filled, take_in: TakeIn) -> None:
    resources, _ = filled
    lost = await take_in("lost.md", long_text(2, "lost"))
    waiting = await take_in("waiting.md", long_text(2, "waiting"))
    async with resources.database.session() as session:
        revision = update(Revision).where(Revision.id == lost.document.revision.id)
        await session.execute(revision.values(job_id=uuid4()))

    await sweep_index(make_context(resources), SweepParams())

    async with resources.database.reading() as session:
        _, ended = await DocumentShelf(session).revision(lost.document.revision.id)
        _, untouched = await DocumentShelf(session).revision(waiting.document.revision.id)
    assert (ended.state, ended.error_code) == (RevisionState.FAILED, "lost")
    assert untouched.state == RevisionState.PROCESSING


async def test_files_without_a_revision_are_deleted_when_they_are_old(filled) -> None:
    resources, added = filled
    orphan = content_key(uuid4())
    await resources.storage.put(orphan, b"left by a killed process")

    await sweep_index(make_context(resources), SweepParams())
    assert await resources.storage.exists(orphan)
    for path in (resources.settings.data_dir / "storage").rglob("content"):
        os.utime(path, (0, 0))
    await sweep_index(make_context(resources), SweepParams())

    assert not await resources.storage.exists(orphan)
    for one in added:
        assert await resources.storage.exists(content_key(one.document.revision.id))


async def test_the_route_starts_one_rebuild_at_a_time(
    client: httpx2.AsyncClient, job_runner: InlineJobs, resources: WorkerResources
) -> None:
    first = await client.post("/v1/reindexings")
    again = await client.post("/v1/reindexings")

    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    await job_runner.run_all(resources)
    job = (await client.get(first.headers["location"])).json()
    assert job["result"]["collection"] == await active(resources)
    assert (await client.post("/v1/reindexings")).json()["id"] != first.json()["id"]


async def test_a_service_that_finds_its_store_empty_asks_for_a_sweep(
    services: Services, resources: WorkerResources, job_runner: InlineJobs
) -> None:
    await resources.index.drop(await active(resources))

    async with services.running():
        pass

    kinds = [job.kind for job in await job_runner._select()]
    assert kinds == ["index.sweep"]


async def test_a_service_whose_store_is_away_starts_and_is_not_ready(kit, settings, database) -> None:
    index = MemoryVectorIndex()
    index.away = True
    services = build_services(kit, settings, index)

    async with services.running():
        assert (await kit.health.readiness()).checks["index"].startswith("failing")
        index.away = False
        kit.health._valid_until = 0.0
        assert (await kit.health.readiness()).checks["index"] == "ok"


async def test_a_service_with_other_embeddings_does_not_start(kit, settings, database) -> None:
    index = MemoryVectorIndex()
    await Collections(database, "hashed-768-1", 768).prepare(index)
    services = build_services(kit, settings, index, HashedEmbedder(64))

    with pytest.raises(IndexMismatch):
        async with services.running():
            pass


async def test_two_processes_that_start_at_once_agree_on_the_first_collection(database) -> None:
    index = MemoryVectorIndex()
    first, second = (Collections(database, "hashed-8-1", 8) for _ in range(2))

    await asyncio.gather(first.prepare(index), second.prepare(index))

    assert len(await index.collections()) == 1


async def _age_collections(resources: WorkerResources, hours: int) -> None:
    async with resources.database.session() as session:
        await session.execute(update(IndexCollection).values(changed_at=utc_now() - timedelta(hours=hours)))
