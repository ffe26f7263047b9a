import pytest

from bench.rag import ingestion, search
from bench.rag.crowd import CrowdFigure, middle
from bench.rag.installation import NAME
from bench.rag.quality import CITING, PROJECT_DOCS, STAGE_METRICS, ours, stages_of
from bench.rag.starting import short


def test_ingestion_is_summarised_by_medians() -> None:
    readings = [
        ingestion.IngestionReading("a", 100, seconds, 2.0, 7, own_mb=mb, child_mb=5, mapped_mb=2 * mb)
        for seconds, mb in ((1.0, 10), (2.0, 30), (4.0, 20))
    ]
    (figure,) = ingestion.summarise(readings)
    assert (figure.rate, figure.processor_ms, figure.own_mb, figure.mapped_mb) == (50, 20, 20, 40)


def test_searches_are_summarised_by_contender_size_and_clients() -> None:
    readings = [
        search.SearchReading("a", 1000, clients, rate=p50, p50=p50, p99=9, failures=1)
        for clients in (1, 16)
        for p50 in (1.0, 5.0, 2.0)
    ]
    figures = search.summarise(readings)
    assert [(figure.clients, figure.p50, figure.failures) for figure in figures] == [(1, 2.0, 3), (16, 2.0, 3)]


def test_rounds_of_a_crowd_are_reduced_to_their_medians() -> None:
    rounds = [CrowdFigure("a", 9, 1, 2, fastest, 8, 3, 0.5) for fastest in (4, 6, 5)]
    assert middle(rounds) == CrowdFigure("a", 9, 1, 2, 5, 8, 3, 0.5)


def report() -> dict[str, object]:
    scores = {"recall@5": 1.0, "recall@10": 1.0, "ndcg@10": 1.0, "hit@1": 1.0, "hit@5": 1.0}
    rows = [
        {"kind": "single-hop", "scores": {**scores, CITING: 0.5}},
        {"kind": "typo", "scores": {**scores, "recall@5": 0.0}},
        {"kind": "follow-up", "scores": {**scores, "recall@5": 0.0}},
        {"kind": "unanswerable", "scores": {}},
    ]
    values = {name: {"value": 0.9} for name in (*STAGE_METRICS, "tokens")}
    return {"rows": rows, "metrics": values, "timings_ms": {"search": {"p50": 3.0}, "answer": {"p50": 20.0}}}


def test_peers_and_ours_are_compared_on_the_same_questions() -> None:
    figure = ours(PROJECT_DOCS, report())
    assert (figure.system, figure.questions) == (NAME, 2)
    assert (figure.metrics["recall@5"], figure.metrics[CITING]) == (0.5, 0.5)


def test_a_stage_is_shown_with_its_own_metrics_beside_those_as_shipped() -> None:
    differences = {name: {"second": 0.7, "verdict": "worse"} for name in (*STAGE_METRICS, "tokens")}
    comparison = {"metrics": differences, "timings_ms": {"search": [3.0, 4.0], "answer": [20.0, 30.0]}}
    shipped, hyde = stages_of({"report": report(), "comparisons": {"hyde": comparison}})
    assert (shipped.stage, shipped.metrics["recall@5"], shipped.search_ms) == ("", 0.9, 3.0)
    assert (hyde.stage, hyde.metrics["recall@5"], hyde.verdicts["facts"]) == ("hyde", 0.7, "worse")
    assert (hyde.search_ms, hyde.answer_ms) == (4.0, 30.0)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("/opt/venv/bin/python -m rag serve", "python -m rag serve"),
        ("/a/python scripts/dev.py", "python scripts/dev.py"),
    ],
)
def test_a_command_is_shown_without_places(command: str, shown: str) -> None:
    assert short(command) == shown
