"""How good retrieval is: with and without each stage, and beside the peers, on questions whose answers are known."""

import json
import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measurement import run_to_end
from bench.rag.installation import NAME, Installation, install
from bench.rag.pdfs import write_manual, write_questions
from bench.rag.pipelines import ENVIRONMENTS, peer_command
from bench.rag.worker import Worker

PROJECT_DOCS = "the project's documentation"
MANUALS = "PDF manuals"
MANUAL_COUNT, MANUAL_PAGES, MANUAL_QUESTIONS = 5, 40, 60
DEPTH = 10
COMPARED = ("recall@5", "recall@10", "ndcg@10", "hit@1", "hit@5")
CITING = "citation_precision"
STAGE_METRICS = ("recall@5", "recall@10", "ndcg@10", "facts", CITING)


@dataclass(frozen=True, slots=True)
class QualityFigure:
    """Means over the questions that need no history and have an answer, and the median of a search in ms."""

    corpus: str
    system: str
    questions: int
    metrics: dict[str, float]
    search_ms: float


@dataclass(frozen=True, slots=True)
class StageFigure:
    """One stage switched on or off, over all golden questions; times are medians in ms, tokens are a question's."""

    stage: str  # empty: as shipped
    metrics: dict[str, float]
    verdicts: dict[str, str]  # better, worse, not shown (by the 95 % interval of the difference)
    search_ms: float
    answer_ms: float
    tokens: float


def measure_quality(python: Path, build: Path) -> tuple[list[QualityFigure], list[StageFigure]]:
    """Evaluate everything once: it is the same every time, but for the milliseconds."""
    log, site = build / "logs" / "rag-quality.log", build / "run" / "rag-quality"
    installation = install(python, site, log)
    manuals, asked = _write_manuals(site / "manuals")
    project = _evaluate(installation, site / "project.json", "--stages")
    pages = _evaluate(installation, site / "manuals.json", "--set", str(asked), "--dir", str(manuals))
    figures = [ours(PROJECT_DOCS, project["report"]), ours(MANUALS, pages["report"])]
    with Worker(installation.command("-m", "bench.rag.inside.judge"), log) as judge:
        for name in ENVIRONMENTS:
            figures += _peer(name, judge, {"manuals": sorted(manuals.iterdir()), "set": asked}, build)
    return sorted(figures, key=lambda figure: figure.corpus), list(stages_of(project))


def ours(corpus: str, report: Mapping[str, Any]) -> QualityFigure:
    """Reduce an evaluation's report to the questions that the peers are asked, too."""
    rows = [row["scores"] for row in report["rows"] if row["kind"] not in ("follow-up", "unanswerable")]
    metrics = {name: mean([row[name] for row in rows if name in row]) for name in (*COMPARED, CITING)}
    return QualityFigure(corpus, NAME, len(rows), metrics, report["timings_ms"]["search"]["p50"])


def stages_of(document: Mapping[str, Any]) -> Iterator[StageFigure]:
    """Return the stages of an evaluation with `--stages`, first the configuration as it is shipped."""
    report = document["report"]
    values = {name: estimate["value"] for name, estimate in report["metrics"].items()}
    search, answer = (report["timings_ms"][name]["p50"] for name in ("search", "answer"))
    yield StageFigure("", {name: values[name] for name in STAGE_METRICS}, {}, search, answer, values["tokens"])
    for stage, comparison in document["comparisons"].items():
        differences, timings = comparison["metrics"], comparison["timings_ms"]
        yield StageFigure(
            stage,
            {name: differences[name]["second"] for name in STAGE_METRICS},
            {name: differences[name]["verdict"] for name in STAGE_METRICS},
            timings["search"][1],
            timings["answer"][1],
            differences["tokens"]["second"],
        )


def mean(values: Sequence[float]) -> float:
    """Return the mean, 0 of nothing."""
    return statistics.fmean(values) if values else 0.0


def _write_manuals(folder: Path) -> tuple[Path, Path]:
    """Write manuals and questions about them; return the folder and the questions' file."""
    folder.mkdir()
    facts = [
        fact
        for number in range(MANUAL_COUNT)
        for fact in write_manual(folder / f"manual-{number}.pdf", MANUAL_PAGES, number)
    ]
    asked = folder.with_suffix(".jsonl")
    write_questions(asked, facts, MANUAL_QUESTIONS, seed=1)
    return folder, asked


def _evaluate(installation: Installation, output: Path, *options: str) -> dict[str, Any]:
    command = installation.command("-m", "rag", "evaluate", "--output", str(output), *options)
    run_to_end(command, installation.log)
    document: dict[str, Any] = json.loads(output.read_text())
    return document


def _peer(name: str, judge: Worker, manuals: Mapping[str, Any], build: Path) -> Iterator[QualityFigure]:
    site = build / "run" / f"rag-quality-{name.lower()}"
    shutil.rmtree(site, ignore_errors=True)
    for corpus in (PROJECT_DOCS, MANUALS):
        asked = judge.ask(**({} if corpus == PROJECT_DOCS else {"set": str(manuals["set"])}))
        files = asked["files"] or [str(path) for path in manuals["manuals"]]
        with Worker(peer_command(name, build, "pipeline.py"), build / "logs" / f"{site.name}.log") as worker:
            worker.ask(files=files, folder=str(site / corpus.replace(" ", "-")))
            answer = worker.ask(questions=asked["questions"], limit=DEPTH)
        scores = list(judge.ask(found=answer["found"])["scores"].values())
        metrics = {metric: mean([one[metric] for one in scores]) for metric in COMPARED}
        yield QualityFigure(corpus, name, len(scores), metrics, statistics.median(answer["milliseconds"]))
