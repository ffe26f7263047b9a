"""What every store of vectors must do; each test runs against each adapter."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from rag.indexing.ports import IndexUnavailable, Mode, Point, Query, SparseVector, VectorIndex

pytestmark = pytest.mark.anyio
MakePoint = Callable[..., Point]
MakeQuery = Callable[..., Query]


async def test_finds_by_words_by_meaning_and_by_both(
    index: VectorIndex, collection: str, make_point: MakePoint, make_query: MakeQuery
) -> None:
    words = make_point("the invoice number of the supplier", dense=[0, 0, 0, 0, 0, 0, 0, 1])
    meaning = make_point("a bill", dense=[1, 0, 0, 0, 0, 0, 0, 0])
    both = make_point("an invoice", dense=[0.9, 0.1, 0, 0, 0, 0, 0, 0])
    await index.upsert(collection, [words, meaning, both])

    def asked(mode: Mode) -> Query:
        return make_query("supplier invoice", mode=mode, dense=[1, 0, 0, 0, 0, 0, 0, 0])

    assert [hit.id for hit in await index.search(collection, asked(Mode.SPARSE))] == [words.id, both.id]
    assert [hit.id for hit in await index.search(collection, asked(Mode.DENSE))] == [meaning.id, both.id, words.id]
    fused = await index.search(collection, asked(Mode.HYBRID))
    assert {hit.id for hit in fused} == {words.id, meaning.id, both.id}
    assert fused[0].score == pytest.approx(1 + 1 / 3)
    halved = make_query("supplier invoice", dense=[0, 0, 1, 0, 0, 0, 0, 1], dense_weight=0.5)
    assert (await index.search(collection, halved))[0].score == pytest.approx(0.5 + 1)
    best = await index.search(collection, make_query("supplier invoice", limit=1, dense=[0.9, 0.1, 0, 0, 0, 0, 0, 0]))
    assert len(best) == 1


async def test_a_hit_says_where_its_chunk_is(
    index: VectorIndex, collection: str, make_point: MakePoint, make_query: MakeQuery
) -> None:
    stored = make_point("needle", ordinal=7)
    await index.upsert(collection, [stored])

    (hit,) = await index.search(collection, make_query("needle"))

    assert (hit.id, hit.document, hit.revision, hit.ordinal) == (stored.id, stored.document, stored.revision, 7)


async def test_writing_a_point_again_replaces_it(
    index: VectorIndex, collection: str, make_point: MakePoint, make_query: MakeQuery
) -> None:
    revision = uuid4()
    await index.upsert(collection, [make_point("apples", revision=revision)])
    await index.upsert(collection, [make_point("pears", revision=revision)])

    assert await index.count(collection, "acme") == 1
    assert not await index.search(collection, make_query("apples", mode=Mode.SPARSE))
    assert len(await index.search(collection, make_query("pears", mode=Mode.SPARSE))) == 1


async def test_flushing_keeps_what_was_written(index: VectorIndex, collection: str, make_point: MakePoint) -> None:
    await index.upsert(collection, [make_point("kept")])
    await index.flush(collection)
    await index.flush(collection)

    assert await index.count(collection, "acme") == 1


async def test_making_a_collection_twice_keeps_what_is_in_it(
    index: VectorIndex, collection: str, make_point: MakePoint
) -> None:
    await index.upsert(collection, [make_point("kept")])
    await index.create(collection, 8)

    assert await index.count(collection, "acme") == 1
    assert collection in await index.collections()


async def test_a_dropped_collection_is_gone_and_dropping_it_again_does_no_harm(
    index: VectorIndex, collection: str, make_point: MakePoint, make_query: MakeQuery
) -> None:
    await index.upsert(collection, [make_point("gone")])
    await index.drop(collection)
    await index.drop(collection)

    assert collection not in await index.collections()
    with pytest.raises(IndexUnavailable):
        await index.search(collection, make_query("gone"))
    await index.create(collection, 8)
    assert await index.count(collection, "acme") == 0


async def test_deleting_a_revision_leaves_the_others(
    index: VectorIndex, collection: str, make_point: MakePoint
) -> None:
    old, new = uuid4(), uuid4()
    points = [make_point(f"text {number}", revision=old, ordinal=number) for number in range(3)]
    await index.upsert(collection, [*points, make_point("new", revision=new)])

    await index.delete_revision(collection, "globex", old)
    assert await index.count(collection, "acme", old) == 3

    await index.delete_revision(collection, "acme", old)
    assert await index.count(collection, "acme", old) == 0
    assert await index.revisions(collection) == {("acme", new): 1}


async def test_counts_the_points_of_every_revision_of_every_tenant(
    index: VectorIndex, collection: str, make_point: MakePoint
) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    await index.upsert(
        collection,
        [
            *(make_point(f"text {number}", revision=first, ordinal=number) for number in range(30)),
            make_point("text", revision=second),
            *(make_point("text", revision=third, ordinal=number, tenant="globex") for number in range(2)),
        ],
    )

    assert await index.revisions(collection) == {("acme", first): 30, ("acme", second): 1, ("globex", third): 2}
    assert await index.count(collection, "acme") == 31


async def test_filters_by_document_tag_and_metadata_of_any_type(
    index: VectorIndex, collection: str, make_point: MakePoint, make_query: MakeQuery
) -> None:
    one = make_point("word one", tags=("red", "big"), metadata={"year": 2024, "final": True, "a.b[]": "x", "rate": 0.5})
    two = make_point("word two", tags=("red",), metadata={"year": 2025, "final": False, "n": "1"})
    await index.upsert(collection, [one, two])

    async def found(**chosen: object) -> set[int]:
        hits = await index.search(collection, make_query("word", **chosen))
        return {[one.id, two.id].index(hit.id) for hit in hits}

    assert await found() == {0, 1}
    assert await found(documents=(one.document, uuid4())) == {0}
    assert await found(tags=("red",)) == {0, 1}
    assert await found(tags=("red", "big")) == {0}
    assert await found(metadata={"year": (2024, 2025)}) == {0, 1}
    assert await found(metadata={"year": (2025.0,)}) == {1}
    assert await found(metadata={"year": (2024,), "final": (False,)}) == set()
    assert await found(metadata={"final": (True,)}) == {0}
    assert await found(metadata={"final": (1,)}) == set()
    assert await found(metadata={"n": (1,)}) == set()
    assert await found(metadata={"a.b[]": ("x",)}) == {0}
    assert await found(metadata={"rate": (0.5,)}) == {0}
    assert await found(metadata={"year": ()}) == set()


async def test_labels_of_a_revision_can_be_replaced(
    index: VectorIndex, collection: str, make_point: MakePoint, make_query: MakeQuery
) -> None:
    revision = uuid4()
    await index.upsert(
        collection,
        [make_point("word", revision=revision, ordinal=number, tags=("old",), metadata={"a": 1}) for number in (0, 1)],
    )
    await index.set_labels(collection, "globex", revision, ["stolen"], {})
    await index.set_labels(collection, "acme", revision, ["new"], {"b": "x"})

    assert len(await index.search(collection, make_query("word", tags=("new",), metadata={"b": ("x",)}))) == 2
    assert not await index.search(collection, make_query("word", tags=("old",)))
    assert not await index.search(collection, make_query("word", metadata={"a": (1,)}))


async def test_how_rare_a_word_is_depends_on_the_tenants_own_documents(
    index: VectorIndex, collection: str, make_point: MakePoint, make_query: MakeQuery
) -> None:
    target = make_point("rare common", ordinal=0)
    await index.upsert(collection, [target, *(make_point("common") for _ in range(20))])
    asked = make_query("rare common", mode=Mode.SPARSE, limit=1)
    (before,) = await index.search(collection, asked)

    await index.upsert(collection, [make_point("rare", tenant="globex") for _ in range(50)])

    (after,) = await index.search(collection, asked)
    assert after.id == target.id
    assert after.score == pytest.approx(before.score, rel=1e-5)


async def test_a_query_without_words_is_answered_by_meaning_alone(
    index: VectorIndex, collection: str, make_point: MakePoint, make_query: MakeQuery
) -> None:
    await index.upsert(collection, [make_point("something")])

    assert len(await index.search(collection, make_query("the of and", mode=Mode.HYBRID))) == 1
    assert not await index.search(collection, make_query("the of and", mode=Mode.SPARSE))


async def test_an_empty_collection_answers_nothing(index: VectorIndex, collection: str, make_query: MakeQuery) -> None:
    for mode in Mode:
        assert not await index.search(collection, make_query("word", mode=mode))
    assert await index.revisions(collection) == {}
    await index.upsert(collection, [])
    await index.ping()


async def test_a_vector_of_another_length_is_refused(
    index: VectorIndex, collection: str, make_point: MakePoint
) -> None:
    with pytest.raises(IndexUnavailable):
        await index.upsert(collection, [make_point("word", dense=[1.0, 0.0])])
    assert make_point("").sparse == SparseVector((), ())


async def test_more_points_than_one_request_takes_are_all_written(
    index: VectorIndex, collection: str, make_point: MakePoint
) -> None:
    revision = uuid4()
    await index.upsert(collection, [make_point("many", revision=revision, ordinal=number) for number in range(600)])

    assert await index.count(collection, "acme", revision) == 600
