"""What the rag service promises beside the others, and whether the figures keep it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.rag.answering import AnswerFigure
from bench.rag.crowd import CrowdFigure
from bench.rag.embedding import EmbeddingFigure
from bench.rag.ingestion import IngestionFigure
from bench.rag.installation import NAME
from bench.rag.quality import CITING, MANUALS, QualityFigure, StageFigure
from bench.rag.scene import DIRECT
from bench.rag.search import EDGE, LOCAL, SearchReading
from bench.rag.starting import Start

TIMES_PIPELINES = 1.5
MEMORY_GROWTH = 1.25
"""What ten times as many pages may take of own memory, as a multiple: what does not grow at all is never exactly 1."""
REST_PERCENT = 20.0
"""What parsing, cutting, writing and publishing may take of an ingestion's time, when a local model embeds."""
TIMES_BARE = 2.0
ADDED_FIRST_MS, ADDED_TOTAL_MS = 15.0, 25.0
SLOWEST_BY_FASTEST = 1.5
"""Beyond that a stream is starved."""
HALVES = {"dense only": "dense alone", "sparse only": "BM25 alone"}
HALVES_METRICS = ("recall@10", "ndcg@10")
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise about one thing."""

    subject: str
    promise: str
    measured: str
    kept: bool


def judge_ingestion(figures: Sequence[IngestionFigure]) -> Iterator[Verdict]:
    """Compare the rates at each size, and the memory of the two longest documents."""
    own = {figure.pages: figure for figure in figures if figure.pipeline == NAME}
    for figure in figures:
        if figure.pipeline != NAME and figure.pages in own:
            ratio = own[figure.pages].rate / figure.rate
            promise = f"at least {TIMES_PIPELINES:g} × the pages a second of {figure.pipeline}"
            yield Verdict(f"a PDF of {figure.pages:,} pages", promise, f"{ratio:.1f} ×", ratio >= TIMES_PIPELINES)
    if len(own) > 1:
        shorter, longer = (own[pages] for pages in sorted(own)[-2:])
        growth = (longer.own_mb + longer.child_mb) / (shorter.own_mb + shorter.child_mb)
        promise = f"own memory at most {MEMORY_GROWTH:g} × that of {shorter.pages:,} pages"
        yield Verdict(f"a PDF of {longer.pages:,} pages", promise, f"{growth:.2f} ×", growth <= MEMORY_GROWTH)


def judge_embedding(figures: Iterable[EmbeddingFigure]) -> Iterator[Verdict]:
    """Look at what is not embedding."""
    for figure in figures:
        subject = f"a PDF of {figure.pages:,} pages, embedded by a model"
        promise = f"at most {REST_PERCENT:g} % of the time is not embedding"
        yield Verdict(subject, promise, f"{100 * figure.rest:.1f} %", 100 * figure.rest <= REST_PERCENT)


def judge_search(readings: Iterable[SearchReading]) -> Iterator[Verdict]:
    """Compare one client over HTTP with the bare store: local mode, or the embedded engine where there is none."""
    cells = {(reading.contender, reading.chunks, reading.clients): reading for reading in readings}
    for (contender, chunks, clients), own in cells.items():
        if contender != NAME:
            continue
        subject = f"search of {chunks:,} chunks, {clients} client{'s' if clients > 1 else ''}"
        yield Verdict(subject, "no failed request", f"{own.failures}", own.failures == 0)
        bare = cells.get((LOCAL, chunks, 0)) or cells.get((EDGE, chunks, 0))
        if bare and clients == 1:
            ratio = own.p50 / bare.p50
            promise = f"p50 at most {TIMES_BARE:g} × {bare.contender}"
            yield Verdict(subject, promise, f"{ratio:.2f} ×", ratio <= TIMES_BARE)


def judge_answers(figures: Iterable[AnswerFigure]) -> Iterator[Verdict]:
    """Compare with the mock, asked directly by the same client."""
    cells = {(figure.route, figure.contender): figure for figure in figures}
    for (route, contender), own in cells.items():
        if contender == NAME:
            direct = cells[route, DIRECT]
            for name, added, most in (
                ("time to the first text", own.first - direct.first, ADDED_FIRST_MS),
                ("total time", own.total - direct.total, ADDED_TOTAL_MS),
            ):
                promise = f"adds at most {most:g} ms to the {name} (p50)"
                yield Verdict(route, promise, f"{added:.1f} ms", added <= most)


def judge_crowd(figures: Iterable[CrowdFigure]) -> Iterator[Verdict]:
    """Look for starved streams."""
    for figure in figures:
        if figure.contender == NAME:
            ratio = figure.slowest / figure.fastest
            promise = f"the slowest takes at most {SLOWEST_BY_FASTEST:g} × the time of the fastest"
            yield Verdict(f"{figure.streams} streams at once", promise, f"{ratio:.2f} ×", ratio <= SLOWEST_BY_FASTEST)


def judge_stages(stages: Sequence[StageFigure]) -> Iterator[Verdict]:
    """Compare hybrid search with its halves."""
    by_name = {figure.stage: figure for figure in stages}
    for stage, half in HALVES.items():
        for metric in HALVES_METRICS:
            if stage in by_name:
                hybrid, alone = by_name[""].metrics[metric], by_name[stage].metrics[metric]
                measured = f"{hybrid:.3f}, {alone:.3f}"
                yield Verdict("hybrid search", f"{metric} at least that of {half}", measured, hybrid >= alone)


def judge_quality(figures: Sequence[QualityFigure]) -> Iterator[Verdict]:
    """Compare recall on each corpus, and the pages that are cited with the pages that peers put first."""
    own = {figure.corpus: figure for figure in figures if figure.system == NAME}
    for peer in figures:
        if peer.system == NAME:
            continue
        ours, theirs = own[peer.corpus].metrics["recall@5"], peer.metrics["recall@5"]
        kept = ours > theirs or ours == theirs == 1.0
        yield Verdict(peer.corpus, f"a better recall@5 than {peer.system}", f"{ours:.3f}, {theirs:.3f}", kept)
        if peer.corpus == MANUALS:
            ours, theirs = own[peer.corpus].metrics[CITING], peer.metrics["hit@1"]
            promise = f"cites the right page more often than {peer.system} puts it first"
            kept = ours > theirs or ours == theirs == 1.0
            yield Verdict(peer.corpus, promise, f"{ours:.3f}, {theirs:.3f}", kept)


def judge_start(starts: Sequence[Start]) -> Iterator[Verdict]:
    """Look at the last start."""
    if starts:
        seconds = starts[-1].seconds
        promise = f"the first answer within {START_SECONDS:g} s"
        yield Verdict("`make dev`", promise, f"{seconds:.1f} s", seconds <= START_SECONDS)
