"""How fast documents become searchable, and how much memory that takes."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rag.pdfs import write_manual
from bench.rag.pipelines import Pipeline
from bench.rag.worker import Worker

WARM_UP_PAGES = 3
SEED = 11


@dataclass(frozen=True, slots=True)
class IngestionReading:
    """One document taken in once by a fresh process that has taken in a small one before."""

    pipeline: str
    pages: int
    seconds: float
    processor_seconds: float  # of all its processes
    chunks: int
    own_mb: float  # its own memory at most
    child_mb: float  # own memory of its children, together
    mapped_mb: float  # of files


@dataclass(frozen=True, slots=True)
class IngestionFigure:
    """The medians of all rounds."""

    pipeline: str
    pages: int
    rate: float  # pages a second
    processor_ms: float  # a page
    chunks: int
    own_mb: float
    child_mb: float
    mapped_mb: float = 0.0


def measure_ingestion(
    pipelines: Sequence[Pipeline], sizes: Sequence[int], rounds: int, build: Path
) -> Iterator[IngestionReading]:
    """Yield a reading per round, size and pipeline; the pipelines take turns on the same file."""
    folder = build / "pdfs"
    folder.mkdir(parents=True, exist_ok=True)
    files = {pages: folder / f"manual-{pages}.pdf" for pages in (WARM_UP_PAGES, *sizes)}
    for pages, file in files.items():
        write_manual(file, pages, SEED)
    for number in range(1, rounds + 1):
        print(f"  round {number} of {rounds}", flush=True)
        for pages in sizes:
            for pipeline in pipelines:
                yield _read(pipeline, files[pages], files[WARM_UP_PAGES], pages, build)


def summarise(readings: Iterable[IngestionReading]) -> list[IngestionFigure]:
    """Return a figure per pipeline and size, in the order in which they were first read."""
    groups: defaultdict[tuple[str, int], list[IngestionReading]] = defaultdict(list)
    for reading in readings:
        groups[reading.pipeline, reading.pages].append(reading)
    return [
        IngestionFigure(
            pipeline=pipeline,
            pages=pages,
            rate=statistics.median(pages / each.seconds for each in group),
            processor_ms=statistics.median(1000 * each.processor_seconds / pages for each in group),
            chunks=group[0].chunks,
            own_mb=statistics.median(each.own_mb for each in group),
            child_mb=statistics.median(each.child_mb for each in group),
            mapped_mb=statistics.median(each.mapped_mb for each in group),
        )
        for (pipeline, pages), group in groups.items()
    ]


def _read(pipeline: Pipeline, file: Path, small: Path, pages: int, build: Path) -> IngestionReading:
    site = build / "run" / f"rag-ingest-{pipeline.name.lower().replace(' ', '-')}"
    command = pipeline.start(site)
    with Worker(command, build / "logs" / f"{site.name}.log") as worker:
        watch = worker.watch()
        worker.ask(files=[str(small)], folder=str(site / "warm-up"))
        answer = worker.ask(files=[str(file)], folder=str(site / "index"))
        peak = watch.stop()
    memory = {"own_mb": peak.own, "child_mb": peak.children, "mapped_mb": peak.mapped}
    reading = IngestionReading(pipeline=pipeline.name, pages=pages, **answer, **memory)
    print(f"    {pages:,} pages, {pipeline.name}: {pages / reading.seconds:.0f} pages/s", flush=True)
    return reading
