from bench.rag import bars
from bench.rag.answering import AnswerFigure
from bench.rag.crowd import CrowdFigure
from bench.rag.embedding import EmbeddingFigure
from bench.rag.ingestion import IngestionFigure
from bench.rag.installation import NAME
from bench.rag.quality import CITING, MANUALS, PROJECT_DOCS, QualityFigure, StageFigure
from bench.rag.scene import DIRECT, SDK
from bench.rag.search import EDGE, LOCAL, SearchReading
from bench.rag.starting import Start


def ingested(pipeline: str, pages: int, rate: float, mb: float = 100) -> IngestionFigure:
    return IngestionFigure(pipeline, pages, rate, 5.0, 10, own_mb=mb, child_mb=20)


def searched(contender: str, chunks: int, clients: int, p50: float, failures: int = 0) -> SearchReading:
    return SearchReading(contender, chunks, clients, 100, p50, 2 * p50, failures)


def found(system: str, corpus: str, recall: float, first: float, citing: float | None = None) -> QualityFigure:
    metrics = {"recall@5": recall, "hit@1": first} | ({CITING: citing} if citing is not None else {})
    return QualityFigure(corpus, system, 60, metrics, 1.0)


def stage(name: str, recall: float, ndcg: float) -> StageFigure:
    return StageFigure(name, {"recall@10": recall, "ndcg@10": ndcg}, {}, 1, 1, 1)


def test_each_pipeline_is_a_promise_of_its_own() -> None:
    figures = [ingested(NAME, 20, 150), ingested("a", 20, 100), ingested("b", 20, 101)]
    assert [verdict.kept for verdict in bars.judge_ingestion(figures)] == [True, False]


def test_memory_is_compared_between_the_two_longest_documents() -> None:
    sizes = [ingested(NAME, 2000, 9, mb=130), ingested(NAME, 20, 9, mb=10), ingested(NAME, 200, 9, mb=100)]
    (verdict,) = bars.judge_ingestion(sizes)
    assert (verdict.measured, verdict.kept) == ("1.25 ×", True)
    (verdict,) = bars.judge_ingestion([ingested(NAME, 2000, 9, mb=131), ingested(NAME, 200, 9, mb=100)])
    assert not verdict.kept


def test_what_is_not_embedding_may_take_a_fifth_of_the_time() -> None:
    figures = [EmbeddingFigure(200, 600, 100, seconds, 400) for seconds in (80.1, 79.9)]
    assert [verdict.kept for verdict in bars.judge_embedding(figures)] == [True, False]


def test_a_search_is_compared_with_local_mode_where_it_was_asked_and_with_the_engine_elsewhere() -> None:
    readings = [searched(EDGE, 1000, 0, 1), searched(LOCAL, 1000, 0, 10), searched(NAME, 1000, 1, 20)]
    readings += [searched(EDGE, 9000, 0, 5), searched(NAME, 9000, 1, 11), searched(NAME, 9000, 16, 99)]
    promises = [verdict for verdict in bars.judge_search(readings) if "p50" in verdict.promise]
    assert [verdict.kept for verdict in promises] == [True, False]


def test_a_failed_search_breaks_a_promise() -> None:
    (verdict,) = bars.judge_search([searched(NAME, 1000, 16, 1, failures=1)])
    assert not verdict.kept


def test_what_is_added_counts_not_what_the_mock_takes() -> None:
    figures = [AnswerFigure(SDK, DIRECT, 9, 100, 900), AnswerFigure(SDK, NAME, 9, 115, 925.5)]
    assert [verdict.kept for verdict in bars.judge_answers(figures)] == [True, False]


def test_a_stream_that_takes_much_longer_than_the_fastest_is_starved() -> None:
    even = CrowdFigure(NAME, 200, 1, 1, fastest=100, slowest=150, longest_gap=1, mb_a_stream=1)
    uneven = CrowdFigure(NAME, 200, 1, 1, fastest=100, slowest=151, longest_gap=1, mb_a_stream=1)
    assert [verdict.kept for verdict in bars.judge_crowd([even, uneven])] == [True, False]


def test_hybrid_search_has_to_be_as_good_as_each_half() -> None:
    stages = [
        stage("", 0.9, 0.8),
        stage("dense only", 0.9, 0.81),
        stage("sparse only", 0.5, 0.5),
        stage("rerank", 1, 1),
    ]
    assert [verdict.kept for verdict in bars.judge_stages(stages)] == [True, False, True, True]


def test_equal_recall_is_enough_only_when_nothing_is_left_to_gain() -> None:
    figures = [found(NAME, PROJECT_DOCS, 0.9, 0.5), found("peer", PROJECT_DOCS, 0.9, 0.5)]
    assert [verdict.kept for verdict in bars.judge_quality(figures)] == [False]
    figures = [found(NAME, MANUALS, 1.0, 0.5, citing=0.8), found("peer", MANUALS, 1.0, 0.7)]
    assert [verdict.kept for verdict in bars.judge_quality(figures)] == [True, True]


def test_the_last_start_counts() -> None:
    (verdict,) = bars.judge_start([Start(90, []), Start(19, [])])
    assert verdict.kept
