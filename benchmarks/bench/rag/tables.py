"""From results to the tables of `docs/performance.md`."""

from collections.abc import Iterator, Sequence

from bench.rag.answering import AnswerFigure
from bench.rag.bars import Verdict
from bench.rag.crowd import CrowdFigure
from bench.rag.embedding import EmbeddingFigure
from bench.rag.ingestion import IngestionFigure
from bench.rag.installation import NAME
from bench.rag.quality import CITING, COMPARED, STAGE_METRICS, QualityFigure, StageFigure
from bench.rag.results import Results
from bench.rag.scene import DIRECT
from bench.rag.search import SearchReading
from bench.rag.starting import Start
from bench.report import fact_table, table

START = "<!-- measured rag: start (written by `make bench-rag`) -->"
END = "<!-- measured rag: end -->"
MARKS = {"better": " ▲", "worse": " ▼"}
SHIPPED = "as shipped: hybrid, no stage"


def render(results: Results) -> str:
    """Return the measured part of the document: what was measured, nothing else."""
    parts = [fact_table(("machine", ""), results.machine), fact_table(("section", "how"), results.method)]
    for title, body in _sections(results):
        parts += [f"### {title}", body]
    parts += ["### Versions of the rag measurements", fact_table(("package", "version"), results.versions)]
    return "\n\n".join(parts)


def _sections(results: Results) -> Iterator[tuple[str, str]]:
    if results.verdicts():
        yield "The promises of the rag service", verdict_table(results.verdicts())
    if results.ingestion:
        yield "Taking documents in", ingestion_table(results.ingestion)
    if results.embedding:
        yield "Taking documents in with a model", embedding_table(results.embedding)
    if results.search:
        yield "Searching", search_table(results.search)
    if results.answers:
        yield "Answering", answer_table(results.answers)
    if results.crowd:
        yield "Many answers at once", crowd_table(results.crowd)
    if results.quality:
        yield "Finding the right place", quality_table(results.quality)
    if results.stages:
        yield "What each stage gains and costs", stage_table(results.stages)
    if results.starts:
        yield "Starting", start_table(results.starts)


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """Return every promise and whether it was kept."""
    rows = [[one.subject, one.promise, one.measured, "kept" if one.kept else "**not kept**"] for one in verdicts]
    return table(["what", "promise", "measured", ""], rows)


def ingestion_table(figures: Sequence[IngestionFigure]) -> str:
    """Return rates and memory by size; ours as a multiple of each."""
    own = {figure.pages: figure for figure in figures if figure.pipeline == NAME}
    rows = [
        [
            f"{figure.pages:,}",
            _marked(figure.pipeline),
            f"{figure.rate:,.0f}",
            f"{own[figure.pages].rate / figure.rate:.2f} ×" if figure.pages in own else "",
            f"{figure.processor_ms:.1f}",
            f"{figure.chunks:,}",
            f"{figure.own_mb:,.0f}" + (f" + {figure.child_mb:,.0f}" if figure.child_mb else ""),
            f"{figure.mapped_mb:,.0f}" if figure.mapped_mb else "",
        ]
        for figure in figures
    ]
    header = ["pages", "pipeline", "pages/s", "ours is", "processor ms a page", "chunks"]
    return table([*header, "MB of its own at most (+ children)", "MB of mapped files"], rows)


def embedding_table(figures: Sequence[EmbeddingFigure]) -> str:
    """Return the time of an ingestion and what of it is not embedding."""
    rows = [
        [
            f"{figure.pages:,}",
            f"{figure.chunks:,}",
            f"{figure.seconds:.1f}",
            f"{figure.embedding_seconds:.1f}",
            f"{100 * figure.rest:.1f} %",
            f"{figure.own_mb:,.0f}",
        ]
        for figure in figures
    ]
    return table(["pages", "chunks", "seconds", "the embedder at work", "the rest", "MB of its own at most"], rows)


def search_table(readings: Sequence[SearchReading]) -> str:
    """Return latencies and rates by size; ours, with one client, as a multiple of each in process."""
    own = {reading.chunks: reading for reading in readings if reading.contender == NAME and reading.clients == 1}
    rows = []
    for one in readings:
        times = f"{own[one.chunks].p50 / one.p50:.2f} ×" if one.clients < 2 and one.chunks in own else ""
        how = f"HTTP, {one.clients} client{'s' if one.clients > 1 else ''}" if one.clients else "in process"
        rows.append(
            [
                f"{one.chunks:,}",
                _marked(one.contender),
                how,
                f"{one.p50:.2f}",
                f"{one.p99:.1f}",
                times,
                f"{one.rate:,.0f}",
            ]
        )
    return table(["chunks", "who", "how", "p50 ms", "p99 ms", "our p50 is", "searches/s"], rows)


def answer_table(figures: Sequence[AnswerFigure]) -> str:
    """Return the medians of each way to ask, and what ours adds."""
    direct = {figure.route: figure for figure in figures if figure.contender == DIRECT}
    rows = []
    for one in figures:
        added = ["", ""]
        if one.contender == NAME:
            before = direct[one.route]
            added = [f"{one.first - before.first:+.1f}", f"{one.total - before.total:+.1f}"]
        first, total = f"{one.first:.1f}", f"{one.total:.1f}"
        rows.append([one.route, _marked(one.contender), str(one.answers), first, added[0], total, added[1]])
    return table(["how", "who", "answers", "first text ms", "added", "whole answer ms", "added"], rows)


def crowd_table(figures: Sequence[CrowdFigure]) -> str:
    """Return how evenly many streams were served."""
    rows = [
        [
            _marked(one.contender),
            str(one.streams),
            f"{one.first_p50:,.0f} / {one.first_slowest:,.0f}",
            f"{one.fastest:,.0f} / {one.slowest:,.0f}",
            f"{one.slowest / one.fastest:.2f}",
            f"{one.longest_gap:,.0f}",
            f"{one.mb_a_stream:.2f}" if one.contender == NAME else "",
        ]
        for one in figures
    ]
    header = ["who", "streams", "first text ms: p50 / slowest", "whole answer ms: fastest / slowest"]
    return table([*header, "slowest / fastest", "longest silence ms", "MB a stream"], rows)


def quality_table(figures: Sequence[QualityFigure]) -> str:
    """Return the metrics by corpus and system."""
    names = (*COMPARED, CITING)
    rows = [
        [
            one.corpus,
            _marked(one.system),
            str(one.questions),
            *(f"{one.metrics[name]:.3f}" if name in one.metrics else "" for name in names),
            f"{one.search_ms:.1f}",
        ]
        for one in figures
    ]
    return table(["corpus", "system", "questions", *map(_words, names), "search ms"], rows)


def stage_table(figures: Sequence[StageFigure]) -> str:
    """Return the metrics with each stage, marked where the difference is beyond chance."""
    rows = [
        [
            one.stage or f"**{SHIPPED}**",
            *(f"{one.metrics[name]:.3f}{MARKS.get(one.verdicts.get(name, ''), '')}" for name in STAGE_METRICS),
            f"{one.search_ms:.1f}",
            f"{one.answer_ms:.1f}",
            f"{one.tokens:,.0f}",
        ]
        for one in figures
    ]
    header = ["stage", *map(_words, STAGE_METRICS), "search ms", "answer ms", "tokens a question"]
    return table(header, rows)


def start_table(starts: Sequence[Start]) -> str:
    """Return each start's time, and the memory of the processes at the end of the last one."""
    facts = [[f"start {number}: to the first answer", f"{one.seconds:.1f} s"] for number, one in enumerate(starts, 1)]
    facts += [
        [f"`{held.command}`", f"{held.resident:,.0f} MB resident, {held.proportional:,.0f} MB proportional"]
        for held in starts[-1].processes
    ]
    return table(["what", "measured"], facts)


def _marked(name: str) -> str:
    return f"**{name}**" if name == NAME else name


def _words(metric: str) -> str:
    return metric.replace("_", " ").replace("ndcg", "nDCG")
