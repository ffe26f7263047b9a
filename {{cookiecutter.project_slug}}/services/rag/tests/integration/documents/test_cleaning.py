"""What is done for a document after its ingestion: old revisions go, labels reach the chunks."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from shelves import CALLER, DyingIndex, Killed, ingest, long_text, points, prepared, shelved

from rag.catalog import WorkerResources
from rag.documents.service import Added, DocumentService, Labels
from rag.documents.tasks import purge_revisions, relabel_document
from rag.documents.work import PurgeParams, RelabelParams
from servicekit.jobs import JobState
from servicekit.testkit.jobs import InlineJobs, make_context

Add = Callable[..., Awaitable[Added]]
pytestmark = pytest.mark.settings(ingestion__batch_size=3, chunking__target_tokens=64)


async def test_purging_never_removes_what_is_shown_and_can_be_repeated(
    resources: WorkerResources, take_in: Add
) -> None:
    added = await take_in("a.md", long_text())
    await ingest(resources, added)
    document = added.document.document.id
    params = PurgeParams(document=document, revisions=[added.document.revision.id])

    result = await purge_revisions(make_context(resources), params)

    assert result.revisions == 0
    assert await points(resources) > 0
    async with resources.database.session() as session:
        await DocumentService(session, resources.jobs).delete(CALLER, document)
    for _ in range(2):
        assert (await purge_revisions(make_context(resources), params)).revisions == 1
    assert await points(resources) == 0


@pytest.mark.parametrize("dies_at", [1, 2])
async def test_a_killed_purge_is_finished_by_the_next_attempt(
    resources: WorkerResources, take_in: Add, dies_at: int
) -> None:
    index = DyingIndex(0, after=False)
    made = await prepared(resources, index)
    versions = [await take_in("a.md", long_text(word=f"v{number}")) for number in range(3)]
    for version in versions:
        await ingest(made, version)
    old = [version.document.revision.id for version in versions[:2]]
    params = PurgeParams(document=versions[0].document.document.id, revisions=old)
    index.calls, index.dies_at = 0, dies_at
    with pytest.raises(Killed):
        await purge_revisions(make_context(made), params)
    index.dies_at = 0

    await purge_revisions(make_context(made), params)

    assert await points(made) == await points(made, versions[2].document.revision.id) > 0
    assert len([stored async for stored in resources.storage.list("documents/")]) == 1


async def test_relabelling_a_deleted_document_does_nothing(resources: WorkerResources) -> None:
    result = await relabel_document(make_context(resources), RelabelParams(document=uuid4()))

    assert result.revisions == 0


async def test_tags_of_a_replacement_reach_what_is_shown_until_then(
    resources: WorkerResources, take_in: Add, job_runner: InlineJobs
) -> None:
    first = await take_in("a.md", long_text(), labels=Labels(tags=["old"]))
    await ingest(resources, first)
    await take_in("a.md", long_text(word="new"), labels=Labels(tags=["new"]))

    jobs = await job_runner.run_all(resources)

    assert all(job.state == JobState.SUCCEEDED for job in jobs if job.id != first.document.revision.job_id)
    assert (await shelved(resources, first)).document.tags == ["new"]
