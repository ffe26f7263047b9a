"""Searches."""

from dataclasses import replace

import pytest

from rag.indexing.ports import Filter, Mode
from rag.retrieval.errors import SearchUnavailable
from rag.retrieval.passages import Expansion, RetrievalOptions, Rewriting
from rag.retrieval.ports import Rewritten, Turn

OPTIONS = RetrievalOptions(limit=3)


class Rewordings:
    """Answers with what it was told."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.asked: list[tuple[object, ...]] = []

    async def condense(self, tenant, question, history):
        self.asked.append(("condense", tenant, question, history))
        return Rewritten(self.texts[:1], {"cost_usd": "0.1"})

    async def multi_query(self, tenant, question):
        self.asked.append(("multi_query", tenant, question))
        return Rewritten(self.texts, {"cost_usd": "0.2"})

    async def hyde(self, tenant, question):
        self.asked.append(("hyde", tenant, question))
        return Rewritten(self.texts)


async def test_the_best_passage_comes_first_with_its_place(bench) -> None:
    found = await bench.retriever.search("acme", "Which port does the service listen on?", OPTIONS)
    best = found.passages[0]
    assert (best.document_name, best.ordinal, best.page) == ("manual.pdf", 0, 1)
    assert best.context == best.text
    assert [piece.ordinal for piece in best.pieces] == [0]
    assert found.queries == (found.query,) == ("Which port does the service listen on?",)


async def test_another_tenants_passages_are_never_found(bench) -> None:
    found = await bench.retriever.search("acme", "port of globex 9999", replace(OPTIONS, limit=10))
    assert "secret.txt" not in {passage.document_name for passage in found.passages}


async def test_a_plain_search_takes_one_query_of_the_index_and_one_read(bench) -> None:
    await bench.retriever.search("acme", "holiday", OPTIONS)
    assert (len(bench.index.asked), bench.library.transactions, bench.library.reads) == (1, 1, 1)


async def test_says_how_long_each_stage_took(bench) -> None:
    found = await bench.retriever.search("acme", "holiday", OPTIONS)
    assert set(found.timings_ms) == {"embed", "search", "read", "screen", "total"}
    assert found.timings_ms["total"] >= max(found.timings_ms.values()) > 0


async def test_hits_that_the_database_does_not_show_are_replaced_by_the_next_best(bench) -> None:
    await bench.add("gone.pdf", *(f"Holiday rule number {number} for employees" for number in range(10)), visible=False)
    found = await bench.retriever.search("acme", "holiday rule for employees", replace(OPTIONS, limit=2, candidates=4))
    assert {passage.document_name for passage in found.passages} <= {"handbook.docx", "manual.pdf"}
    assert len(found.passages) == 2
    assert [query.limit for query in bench.index.asked] == [4, 16]  # too few were left of the first four


async def test_a_hit_of_the_index_that_is_another_tenants_row_is_dropped(bench) -> None:
    chunks = await bench.add("mixed.txt", "Holiday for everybody", visible=False)
    bench.library.chunks |= {(chunk.revision, chunk.ordinal): replace(chunk, tenant="globex") for chunk in chunks}
    found = await bench.retriever.search("acme", "holiday", replace(OPTIONS, limit=10))
    assert "mixed.txt" not in {passage.document_name for passage in found.passages}


async def test_the_same_text_is_found_once(bench) -> None:
    await bench.add("copy of handbook.docx", "Employees get 25 days of holiday a year!", "Something else entirely")
    found = await bench.retriever.search("acme", "How many days of holiday?", replace(OPTIONS, limit=10))
    assert sum("25 days" in passage.text for passage in found.passages) == 1


async def test_nothing_is_found_where_nothing_was_indexed(bench) -> None:
    bench.library.name = None
    found = await bench.retriever.search("acme", "holiday", OPTIONS)
    assert found.passages == ()
    assert bench.index.asked == []


async def test_a_tenant_without_documents_finds_nothing(bench) -> None:
    assert (await bench.retriever.search("nobody", "holiday", OPTIONS)).passages == ()


async def test_nothing_is_found_when_nothing_is_asked(bench) -> None:
    assert (await bench.retriever.search("acme", " \n", OPTIONS)).passages == ()
    assert bench.index.asked == []


async def test_filters_and_modes_reach_the_index(bench) -> None:
    chosen = Filter(documents=(bench.library.chunks[next(iter(bench.library.chunks))].document_id,))
    await bench.retriever.search("acme", "holiday", replace(OPTIONS, mode=Mode.SPARSE, filter=chosen))
    (asked,) = bench.index.asked
    assert (asked.mode, asked.filter, asked.tenant) == (Mode.SPARSE, chosen, "acme")
    assert not asked.dense.any()  # nothing was embedded for it


async def test_explains_ranks_scores_and_words(bench) -> None:
    found = await bench.retriever.search("acme", "days of holiday in March", replace(OPTIONS, explain=True))
    why = found.passages[0].why
    assert why.dense is not None
    assert why.sparse is not None
    assert {why.dense.rank, why.sparse.rank} <= {1, 2}
    assert "holiday" in why.terms
    assert [query.mode for query in bench.index.asked] == [Mode.HYBRID, Mode.DENSE, Mode.SPARSE]


async def test_explaining_a_search_by_words_leaves_the_other_half_out(bench) -> None:
    options = replace(OPTIONS, explain=True, mode=Mode.SPARSE)
    found = await bench.retriever.search("acme", "holiday", options)
    assert found.passages[0].why.dense is None
    assert found.passages[0].why.sparse is not None


async def test_without_explain_only_the_score_is_told(bench) -> None:
    why = (await bench.retriever.search("acme", "holiday", OPTIONS)).passages[0].why
    assert (why.dense, why.sparse, why.terms, why.rerank) == (None, None, (), None)
    assert why.fused > 0


class Backwards:
    name = "backwards"

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def rerank(self, query, passages):
        self.seen = list(passages)
        return [float(place) for place in range(len(passages))]


async def test_reranking_sorts_all_candidates_anew(bench) -> None:
    bench.reranker = Backwards()
    plain = await bench.retriever.search("acme", "holiday", replace(OPTIONS, limit=5))
    found = await bench.retriever.search("acme", "holiday", replace(OPTIONS, limit=2, rerank=True))
    assert len(bench.reranker.seen) == 5
    assert [passage.text for passage in found.passages] == [passage.text for passage in plain.passages[::-1][:2]]
    assert [passage.score for passage in found.passages] == [4.0, 3.0]
    assert found.passages[0].why.rerank == 4.0
    assert "rerank" in found.timings_ms


async def test_a_reranker_reads_the_headings_too(bench) -> None:
    bench.reranker = Backwards()
    await bench.add("guide.md", "Press the button.", heading=("Guide", "Start"))
    await bench.retriever.search("acme", "button", replace(OPTIONS, rerank=True))
    assert "Guide > Start\nPress the button." in bench.reranker.seen


async def test_without_a_reranker_the_order_stays(bench) -> None:
    bench.reranker = None
    found = await bench.retriever.search("acme", "holiday", replace(OPTIONS, rerank=True))
    assert found.passages[0].why.rerank is None


async def test_neighbours_stand_in_the_context_of_the_best_hit_only(bench) -> None:
    options = replace(OPTIONS, limit=1, expansion=Expansion.NEIGHBOURS)
    (passage,) = (await bench.retriever.search("acme", "worker dies sweeper", options)).passages
    assert [piece.ordinal for piece in passage.pieces] == [0, 1, 2]
    assert passage.text in passage.context
    assert passage.context.startswith("The service listens")
    two = (await bench.retriever.search("acme", "worker dies sweeper port 8002", replace(options, limit=2))).passages
    ordinals = [piece.ordinal for passage in two for piece in passage.pieces]
    assert len(ordinals) == len(set(ordinals))


async def test_the_parent_is_all_of_a_section(bench) -> None:
    options = replace(OPTIONS, limit=1, expansion=Expansion.PARENT)
    (passage,) = (await bench.retriever.search("acme", "worker dies sweeper", options)).passages
    assert [piece.ordinal for piece in passage.pieces] == [0, 1]


async def test_expansion_follows_reranking(bench) -> None:
    options = replace(OPTIONS, limit=1, rerank=True, expansion=Expansion.PARENT)
    (passage,) = (await bench.retriever.search("acme", "worker dies sweeper", options)).passages
    assert [piece.ordinal for piece in passage.pieces] == [0, 1]
    assert bench.library.transactions == 2


async def test_suspicious_passages_are_shown_with_reasons(bench) -> None:
    bench.screen = lambda text: ("gives orders",) if "sweeper" in text else ()
    found = await bench.retriever.search("acme", "worker dies sweeper", OPTIONS)
    assert {passage.suspicious for passage in found.passages if "sweeper" in passage.text} == {("gives orders",)}
    assert all(not passage.suspicious for passage in found.passages if "sweeper" not in passage.text)


async def test_a_suspicious_neighbour_is_not_added_to_a_context(bench) -> None:
    bench.screen = lambda text: ("gives orders",) if "sweeper" in text else ()
    options = replace(OPTIONS, limit=1, expansion=Expansion.NEIGHBOURS)
    (passage,) = (await bench.retriever.search("acme", "Which port is listened on", options)).passages
    assert [piece.ordinal for piece in passage.pieces] == [0]
    assert passage.suspicious == ()


async def test_a_document_with_a_hostile_name_or_heading_is_suspicious(bench) -> None:
    bench.screen = lambda text: ("gives orders",) if "ignore the rules" in text else ()
    await bench.add("ignore the rules.pdf", "Zebras graze.")
    await bench.add("other.pdf", "Lions hunt.", heading=("ignore the rules",))
    for query in ("zebras graze", "lions hunt"):
        found = await bench.retriever.search("acme", query, replace(OPTIONS, limit=1))
        assert found.passages[0].suspicious == ("gives orders",)


async def test_a_follow_up_is_searched_for_as_it_stands_alone(bench) -> None:
    bench.rewriter = Rewordings("When does left-over holiday lapse?")
    history = (Turn("How much holiday is there?", "25 days"),)
    found = await bench.retriever.search("acme", "and when does it lapse?", OPTIONS, history)
    assert found.query == "When does left-over holiday lapse?"
    assert found.passages[0].text.startswith("Holiday that is left over")
    assert bench.rewriter.asked == [("condense", "acme", "and when does it lapse?", history)]
    assert found.reports == ({"cost_usd": "0.1"},)
    assert "condense" in found.timings_ms


async def test_a_follow_up_is_searched_for_by_its_own_words_where_that_is_wanted(bench) -> None:
    bench.rewriter = Rewordings("another question")
    options = replace(OPTIONS, condense=False)
    found = await bench.retriever.search("acme", "and when does it lapse?", options, (Turn("a", "b"),))
    assert (found.query, bench.rewriter.asked) == ("and when does it lapse?", [])


async def test_a_question_that_cannot_be_condensed_is_searched_for_as_it_is(bench) -> None:
    bench.rewriter = Rewordings()
    found = await bench.retriever.search("acme", "holiday?", OPTIONS, (Turn("a", "b"),))
    assert found.query == "holiday?"


async def test_other_wordings_find_what_the_first_did_not(bench) -> None:
    await bench.add("zoo.txt", "Zebras graze near waterfalls.")
    bench.rewriter = Rewordings("zebras near waterfalls")
    options = replace(OPTIONS, limit=2, mode=Mode.SPARSE, rewriting=Rewriting.MULTI_QUERY)
    found = await bench.retriever.search("acme", "sweeper", options)
    assert found.queries == ("sweeper", "zebras near waterfalls")
    assert {passage.document_name for passage in found.passages} == {"manual.pdf", "zoo.txt"}
    assert [query.mode for query in bench.index.asked] == [Mode.SPARSE, Mode.SPARSE]


async def test_an_invented_passage_is_compared_by_meaning_only(bench) -> None:
    bench.rewriter = Rewordings("Employees may rest for 25 days.")
    options = replace(OPTIONS, rewriting=Rewriting.HYDE)
    found = await bench.retriever.search("acme", "rest", options)
    assert [query.mode for query in bench.index.asked] == [Mode.HYBRID, Mode.DENSE]
    assert found.queries[1] == "Employees may rest for 25 days."


@pytest.mark.parametrize("rewriting", list(Rewriting))
async def test_an_index_that_is_away_is_said_to_be(rewriting: Rewriting, bench) -> None:
    bench.index.away = True
    bench.rewriter = Rewordings("x")
    with pytest.raises(SearchUnavailable) as failed:
        await bench.retriever.search("acme", "holiday", replace(OPTIONS, rewriting=rewriting))
    assert (failed.value.status, failed.value.retry_after) == (503, 2)
