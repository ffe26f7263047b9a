from pathlib import Path

from bench import bars
from bench.results import Results, render
from bench.summary import Figure

OURS = "ours"


def results() -> Results:
    figures = [
        Figure(server, model, connections, rate, rate, rate, p50=1.0, p99=p99, failures=0)
        for server, rate, p99 in ((OURS, 9000.0, 3.0), ("mlflow", 100.0, 50.0))
        for model in ("logistic", "forest")
        for connections in (1, 16, 64)
    ]
    return Results(
        date="2026-11-20",
        machine={"cores": "2"},
        versions={"Python": "3.11"},
        method={"rounds": "5"},
        figures=figures,
        costs=[one for one in figures if one.model == "logistic" and one.server == OURS],
        verdicts=bars.judge(figures, ours=OURS, mlflow="mlflow", peers=["mlflow"]),
        memory={OURS: "200"},
        facts={"baking": "1.0 s"},
    )


def test_results_survive_being_written_and_read(tmp_path: Path) -> None:
    results().write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == results()


def test_the_document_has_every_table() -> None:
    text = render(results(), ours=OURS, judged=(16, 64))
    for part in (
        "2026-11-20",
        "Logistic regression",
        "Random forest",
        "90.0 ×",
        "| baking | 1.0 s |",
        "| Python | 3.11 |",
    ):
        assert part in text
    assert "not kept" not in text
