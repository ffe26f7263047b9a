"""What SQLite and PostgreSQL do differently: filters in JSON, upserts, locks, the one active collection."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from rag.chunking.chunks import Chunk
from rag.cli import migration_folders
from rag.conversations.models import Conversation, Message
from rag.conversations.repository import FeedbackRepository
from rag.conversations.schemas import FeedbackRequest, Rating
from rag.conversations.service import ConversationService
from rag.documents.errors import RevisionGone
from rag.documents.inbox import Received
from rag.documents.models import RevisionState
from rag.documents.repository import ChunkRepository
from rag.documents.service import Added, DocumentService, Labels
from rag.documents.shelf import DocumentShelf, DocumentState, Wanted
from rag.indexing.collections import Collections
from rag.indexing.memory import MemoryVectorIndex
from rag.jobs import catalog
from rag.settings import RagSettings
from servicekit.auth.principal import Principal
from servicekit.database import Database, upgrade, utc_now, uuid7
from servicekit.jobs import make_jobs

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]
CALLER = Principal(subject="test", tenant="acme", scopes=frozenset({"*"}))
CHUNKS = [Chunk(number, f"text {number}", ("Title",), number + 1, (), 0, 2) for number in range(5)]


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    await upgrade(postgres_url, migration_folders())
    opened = Database(postgres_url, pool_size=8)
    yield opened
    await opened.dispose()


@pytest.fixture
def documents(database: Database, settings: RagSettings):
    jobs = make_jobs(settings, catalog, database)

    async def add(name: str, content: str, **labels: object) -> Added:
        received = Received(uuid7(), name, "text/plain", len(content), f"{content:0>64}")
        async with database.session() as session:
            return await DocumentService(session, jobs).add(CALLER, received, Labels(**labels))

    return add


async def test_documents_are_filtered_by_tag_state_and_name(database: Database, documents) -> None:
    await documents("Report_1.pdf", "a", tags=["red", "big"], metadata={"year": 2024})
    await documents("notes.md", "b", tags=["red"])

    async def names(**wanted: object) -> list[str]:
        async with database.reading() as session:
            return [found.document.name for found in await DocumentShelf(session).page("acme", Wanted(**wanted))]

    assert await names() == ["notes.md", "Report_1.pdf"]
    assert await names(tag="big") == ["Report_1.pdf"]
    assert await names(tag="b") == []
    assert await names(name="report_1") == ["Report_1.pdf"]
    assert await names(state=DocumentState.QUEUED) == ["notes.md", "Report_1.pdf"]
    assert await names(state=DocumentState.READY) == []


async def test_uploads_of_one_name_at_once_make_one_document(documents) -> None:
    added = await asyncio.gather(*(documents("same.md", f"content{number}") for number in range(8)))

    assert len({one.document.document.id for one in added}) == 1
    assert sorted(one.document.revision.number for one in added) == list(range(1, 9))


async def test_chunks_are_written_over_and_only_visible_ones_are_found(database: Database, documents) -> None:
    added = await documents("a.md", "a")
    revision = added.document.revision.id
    keys = [(revision, number) for number in range(5)]
    for _ in range(2):
        async with database.session() as session:
            await ChunkRepository(session).write(revision, CHUNKS)
    async with database.session() as session:
        assert await ChunkRepository(session).visible("acme", keys) == {}
        document, row = await DocumentShelf(session).revision(revision, lock=True)
        row.state, row.ready_at, row.chunks, document.revision = RevisionState.READY, utc_now(), 5, revision

    async with database.reading() as session:
        chunks = ChunkRepository(session)
        found = await chunks.visible("acme", [*keys, *keys, (uuid7(), 0)])
        assert [found[key].text for key in keys] == [chunk.text for chunk in CHUNKS]
        assert await chunks.visible("globex", keys) == {}
        assert [chunk.ordinal for chunk in await chunks.neighbours(revision, 1)] == [0, 1, 2]
        assert len(await chunks.of_parent(revision, 0)) == 5
        assert [chunk.ordinal for chunk in await chunks.of_page(revision, 3)] == [2]
        assert await chunks.last_page(revision) == 5
        many = await chunks.visible("acme", [(uuid7(), number) for number in range(450)] + keys)
        assert len(many) == 5
    async with database.session() as session:
        assert await ChunkRepository(session).clear(revision)
        assert not await ChunkRepository(session).clear(revision)


async def test_chunks_of_a_revision_that_is_gone_are_refused(database: Database) -> None:
    with pytest.raises(RevisionGone):
        async with database.session() as session:
            await ChunkRepository(session).write(uuid7(), CHUNKS)


async def test_there_is_one_active_collection_however_many_start_at_once(database: Database) -> None:
    index = MemoryVectorIndex()
    starting = [Collections(database, "hashed-8-1", 8) for _ in range(4)]
    await asyncio.gather(*(collections.prepare(index) for collections in starting))
    assert len(await index.collections()) == 1

    async with database.session() as session:
        building = await starting[0].begin_building(session)
        assert [target.name for target in await starting[1].targets(session)][1:] == [building.name]
        await starting[0].activate(session, building)
    async with database.reading() as session:
        active = await starting[1].active(session)
    assert active is not None
    assert active.name == building.name


async def test_uploads_of_the_same_names_in_another_order_wait_for_each_other(
    database: Database, settings: RagSettings
) -> None:
    jobs = make_jobs(settings, catalog, database)

    async def upload(names: Sequence[str], content: str) -> list[str]:
        files = [Received(uuid7(), name, "text/plain", 1, f"{name}{content:0>58}") for name in names]
        async with database.session() as session:
            added = await DocumentService(session, jobs).add_all(CALLER, files, Labels())
        return [each.document.document.name for each in added]

    names = [f"{number}.md" for number in range(12)]
    await upload(names, "0")
    for turn in range(1, 6):
        uploads = [upload(order, f"{turn}{number}") for number, order in enumerate((names, names[::-1]) * 2)]
        assert await asyncio.gather(*uploads) == [names, names[::-1]] * 2


async def test_the_first_two_ratings_at_once_are_one(database: Database) -> None:
    answer, conversation, now = uuid7(), uuid7(), utc_now()
    times = {"created_at": now, "updated_at": now}
    async with database.session() as session:
        session.add(Conversation(id=conversation, tenant="acme", title="t", named=True, turns=1, **times))
        await session.flush()
        session.add(
            Message(
                id=answer,
                conversation_id=conversation,
                tenant="acme",
                place=1,
                question="?",
                answer_text="!",
                answer={"standalone_question": "?"},
                created_at=now,
            )
        )

    async def rate(comment: str) -> None:
        async with database.session() as session:
            await ConversationService(session, "acme").judge(answer, FeedbackRequest(rating=Rating.UP, comment=comment))
            await asyncio.sleep(0.05)

    await asyncio.gather(*(rate(f"comment {number}") for number in range(4)))
    async with database.reading() as session:
        found = await FeedbackRepository(session, "acme").page(rating=None, before=None, limit=10)
    assert len(found) == 1
