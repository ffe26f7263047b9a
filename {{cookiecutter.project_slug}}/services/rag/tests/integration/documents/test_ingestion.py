"""Ingestion that is interrupted, repeated, overtaken and made pointless while it works."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

import pytest
from shelves import CALLER, DyingIndex, Killed, ingest, long_text, points, prepared, revisions_of, shelved

from rag.catalog import WorkerResources
from rag.documents.errors import RevisionGone
from rag.documents.ingestion import Ingestion
from rag.documents.schemas import DocumentView
from rag.documents.service import Added, DocumentService
from rag.documents.shelf import DocumentState
from rag.documents.storage import content_key
from rag.documents.tasks import ingest_document
from rag.documents.work import IngestParams
from rag.indexing.collections import Collections
from rag.indexing.memory import MemoryVectorIndex
from rag.indexing.ports import IndexUnavailable
from rag.parsing.blocks import DocumentInfo
from servicekit.jobs import JobRefused, JobState, RetryLater
from servicekit.jobs.errors import JobCancelled
from servicekit.testkit.jobs import InlineJobs, make_context

Add = Callable[..., Awaitable[Added]]
ChunksOf = Callable[[UUID], Awaitable[list[tuple[object, ...]]]]
pytestmark = pytest.mark.settings(ingestion__batch_size=3, chunking__target_tokens=64)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_call_of_the_store_the_next_attempt_makes_what_a_clean_run_makes(
    resources: WorkerResources, take_in: Add, chunks_of: ChunksOf, after: bool
) -> None:
    clean = await take_in("clean.md", f"# Start\n\n0\n\n{long_text(6)}")
    calm = await prepared(resources, DyingIndex(0, after=False))
    expected = (await ingest(calm, clean)).chunks
    rows = await chunks_of(clean.document.revision.id)
    assert expected == len(rows) > 6
    calls = calm.index.calls  # type: ignore[attr-defined]  # a DyingIndex
    assert calls > 3

    for dies_at in range(1, calls + 1):
        added = await take_in(f"{dies_at}.md", f"# Start\n\n{dies_at}\n\n{long_text(6)}")
        index = DyingIndex(dies_at, after=after)
        dying = await prepared(resources, index)
        with pytest.raises(Killed):
            await ingest(dying, added)
        revision = added.document.revision.id
        assert (await shelved(resources, added)).document.revision is None  # nothing is shown half

        index.dies_at = 0
        result = await ingest(dying, added)

        assert result.outcome == "ready"
        made = await chunks_of(revision)
        assert [row[0] for row in made] == list(range(result.chunks))
        assert made[1:] == rows[1:]
        assert await points(dying, revision) == result.chunks == len(rows)


async def test_what_an_attempt_with_other_settings_has_left_is_removed(
    resources: WorkerResources, take_in: Add, chunks_of: ChunksOf
) -> None:
    added = await take_in("a.md", long_text())
    index = DyingIndex(3, after=True)
    dying = await prepared(resources, index)
    with pytest.raises(Killed):
        await ingest(dying, added)
    index.dies_at = 0
    coarse = resources.settings.model_copy(
        update={"chunking": resources.settings.chunking.model_copy(update={"target_tokens": 2000})}
    )
    result = await ingest(replace(dying, settings=coarse), added)

    revision = added.document.revision.id
    assert len(await chunks_of(revision)) == result.chunks == await points(dying, revision)


async def test_a_revision_that_is_complete_is_not_made_again(resources: WorkerResources, take_in: Add) -> None:
    added = await take_in("a.md", long_text())
    await ingest(resources, added)
    before = await points(resources)

    assert (await ingest(resources, added)).outcome == "ready"
    assert await points(resources) == before


async def test_two_contents_of_one_name_end_with_the_newer_one_whoever_is_first(
    resources: WorkerResources, take_in: Add, job_runner: InlineJobs
) -> None:
    for name, order in (("in-order.md", (0, 1)), ("reversed.md", (1, 0))):
        versions = [await take_in(name, long_text(word=f"{name}{number}")) for number in range(2)]
        assert versions[1].document.document.id == versions[0].document.document.id

        results = [await ingest(resources, versions[number]) for number in order]

        assert results[-1].outcome == ("ready" if order == (0, 1) else "superseded")
        found = await shelved(resources, versions[0])
        assert found.document.revision == versions[1].document.revision.id
        await job_runner.run_all(resources)
        assert await revisions_of(resources, found.document.id) == [versions[1].document.revision.id]
        assert await points(resources, versions[0].document.revision.id) == 0
        assert await points(resources, versions[1].document.revision.id) > 0


async def test_uploads_of_one_name_at_the_same_moment_make_one_document(
    resources: WorkerResources, take_in: Add, job_runner: InlineJobs
) -> None:
    added = await asyncio.gather(*(take_in("a.md", long_text(3, f"w{number}")) for number in range(6)))

    assert len({one.document.document.id for one in added}) == 1
    assert sorted(one.document.revision.number for one in added) == [1, 2, 3, 4, 5, 6]
    await asyncio.gather(*(ingest(resources, one) for one in added))
    newest = max(added, key=lambda one: one.document.revision.number).document.revision.id
    assert (await shelved(resources, added[0])).document.revision == newest
    await job_runner.run_all(resources)
    assert await points(resources) == await points(resources, newest) > 0


async def test_a_document_deleted_during_its_ingestion_leaves_nothing(
    resources: WorkerResources, take_in: Add, chunks_of: ChunksOf, job_runner: InlineJobs
) -> None:
    added = await take_in("a.md", long_text())
    revision = added.document.revision

    class Deleting(MemoryVectorIndex):
        async def upsert(self, collection, batch) -> None:
            await super().upsert(collection, batch)
            if self.count_down == 0:
                async with resources.database.session() as session:
                    await DocumentService(session, resources.jobs).delete(CALLER, revision.document_id)
            self.count_down -= 1

    index = Deleting()
    index.count_down = 1  # type: ignore[attr-defined]  # this test's own
    made = await prepared(resources, index)

    result = await ingest(made, added)

    assert result.outcome == "deleted"
    assert await chunks_of(revision.id) == []
    assert await points(made) == 0
    jobs = await job_runner.run_all(made)
    assert {job.kind: job.state for job in jobs} == {
        "document.ingest": JobState.CANCELLED,
        "document.purge": JobState.SUCCEEDED,
    }
    assert [stored async for stored in resources.storage.list("documents/")] == []


async def test_deleted_between_its_last_batch_and_its_end_it_is_not_shown(
    resources: WorkerResources, take_in: Add
) -> None:
    added = await take_in("a.md", long_text())
    ingestion = Ingestion(resources)
    source = await ingestion.begin(added.document.revision.id)
    assert source is not None
    async with resources.database.session() as session:
        await DocumentService(session, resources.jobs).delete(CALLER, added.document.document.id)

    with pytest.raises(RevisionGone):
        await ingestion.publish(source, DocumentInfo("text/plain", None, None), 0)


async def test_the_store_away_means_another_attempt_and_then_the_same_result(
    resources: WorkerResources, take_in: Add
) -> None:
    added = await take_in("a.md", long_text())
    index = MemoryVectorIndex()
    made = await prepared(resources, index)
    index.away = True

    with pytest.raises(RetryLater) as refusal:
        await ingest(made, added)

    assert refusal.value.code == "index_unavailable"
    index.away = False
    assert (await ingest(made, added)).outcome == "ready"


async def test_points_that_the_store_has_lost_during_the_work_are_noticed(
    resources: WorkerResources, take_in: Add
) -> None:
    class Forgetful(MemoryVectorIndex):
        lost = False

        async def upsert(self, collection, batch) -> None:
            await super().upsert(collection, batch if self.lost else batch[1:])
            self.lost = True

    made = await prepared(resources, Forgetful())
    added = await take_in("a.md", long_text())

    with pytest.raises(RetryLater) as refusal:
        await ingest(made, added)

    assert refusal.value.code == "index_incomplete"
    assert (await shelved(resources, added)).document.revision is None
    assert (await ingest(made, added)).outcome == "ready"


async def test_points_are_flushed_before_they_are_shown(resources: WorkerResources, take_in: Add) -> None:
    class Noting(MemoryVectorIndex):
        full = True

        async def upsert(self, collection, batch) -> None:
            await super().upsert(collection, batch)
            sizes.append(len(batch))

        async def flush(self, collection) -> None:
            await super().flush(collection)
            if self.full:
                raise IndexUnavailable("the disk is full")
            shown.append((await shelved(resources, added)).document.revision)

    sizes: list[int] = []
    shown: list[UUID | None] = []
    index = Noting()
    made = await prepared(resources, index)
    added = await take_in("a.md", long_text())

    with pytest.raises(RetryLater):
        await ingest(made, added)
    assert (await shelved(resources, added)).document.revision is None
    index.full = False
    sizes.clear()
    result = await ingest(made, added)

    assert shown == [None]
    assert sum(sizes) == result.chunks
    assert (await shelved(resources, added)).document.revision is not None


@pytest.mark.settings(ingestion__batch_size=64)
async def test_the_first_batches_are_small_so_that_embedding_begins_early(
    resources: WorkerResources, take_in: Add
) -> None:
    class Noting(MemoryVectorIndex):
        async def upsert(self, collection, batch) -> None:
            await super().upsert(collection, batch)
            sizes.append(len(batch))

    sizes: list[int] = []
    made = await prepared(resources, Noting())
    result = await ingest(made, await take_in("a.md", long_text(200)))

    assert result.chunks > 16 + 32 + 64 + 64
    assert sizes[:4] == [16, 32, 64, 64]


async def test_a_cancelled_job_stops_and_the_document_says_so(
    resources: WorkerResources, take_in: Add, job_runner: InlineJobs
) -> None:
    added = await take_in("a.md", long_text())
    context = make_context(resources)
    context.signals.stop = JobCancelled
    params = IngestParams(document=added.document.document.id, revision=added.document.revision.id)
    with pytest.raises(JobCancelled):
        await asyncio.to_thread(ingest_document, context, params)

    async with resources.database.session() as session:
        await resources.jobs.cancel(session, "acme", added.document.revision.job_id)
    document = DocumentView.of(await shelved(resources, added))
    assert (document.state, document.error and document.error.code) == (DocumentState.FAILED, "cancelled")
    async with resources.database.session() as session:
        await resources.jobs.retry(session, "acme", added.document.revision.job_id)
    await job_runner.run_all(resources)
    assert (await shelved(resources, added)).state is DocumentState.READY


async def test_progress_tells_pages_or_chunks(resources: WorkerResources, take_in: Add) -> None:
    added = await take_in("a.md", long_text())
    context = make_context(resources)
    params = IngestParams(document=added.document.document.id, revision=added.document.revision.id)
    await asyncio.to_thread(ingest_document, context, params)

    assert context.signals.message is not None
    assert context.signals.message.endswith("chunks")
    assert 0.5 < context.signals.fraction <= 0.95


async def test_a_lost_file_is_a_reason_to_fail(resources: WorkerResources, take_in: Add) -> None:
    added = await take_in("a.md", long_text())
    await resources.storage.delete(content_key(added.document.revision.id))

    with pytest.raises(JobRefused) as refusal:
        await ingest(resources, added)

    assert refusal.value.code == "content_lost"


async def test_a_worker_with_outdated_embeddings_leaves_the_work_to_others(
    resources: WorkerResources, take_in: Add
) -> None:
    added = await take_in("a.md", long_text())
    stale = replace(resources, collections=Collections(resources.database, "other-1", 8))

    with pytest.raises(RetryLater) as refusal:
        await ingest(stale, added)

    assert refusal.value.code == "index_changed"


async def test_a_rebuild_that_begins_during_the_work_is_written_to_as_well(
    resources: WorkerResources, take_in: Add
) -> None:
    added = await take_in("a.md", long_text())
    started: list[str] = []

    class Rebuilding(MemoryVectorIndex):
        async def upsert(self, collection, batch) -> None:
            await super().upsert(collection, batch)
            if not started:
                async with resources.database.session() as session:
                    building = await resources.collections.begin_building(session)
                started.append(building.name)
                await self.create(building.name, building.dimensions)

    made = await prepared(resources, Rebuilding())

    result = await ingest(made, added)

    revision = added.document.revision.id
    assert await made.index.count(started[0], "acme", revision) == result.chunks
