"""`python -m bench.rag`: measure the rag service, judge, write `results-rag.json` and the tables of the document."""

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import environments, machine
from bench.ours import ROOT
from bench.rag import ingestion, search
from bench.rag.answering import measure_answers
from bench.rag.crowd import measure_crowd
from bench.rag.embedding import measure_embedding
from bench.rag.pipelines import ENVIRONMENTS, peer_environment, pipelines
from bench.rag.quality import measure_quality
from bench.rag.results import Results
from bench.rag.starting import measure_starts
from bench.rag.tables import END, START, render
from bench.report import replace_measured
from bench.results import today

PACKAGES = (
    *("langchain-core", "langchain-community", "langchain-qdrant", "llama-index-core", "pypdf", "pypdfium2"),
    *("qdrant-client", "qdrant-edge-py", "fastembed", "onnxruntime", "openai", "fastapi", "uvicorn", "numpy"),
)


def main() -> int:
    """Run the chosen sections; the exit status says whether all promises were kept, those of earlier runs included."""
    options = read_options()
    build, python = options.build.resolve(), Path(sys.executable)
    results = Results.read(options.results)
    shutil.rmtree(build / "run" / "rag-project", ignore_errors=True)  # of another version perhaps
    for name in [] if options.report_only else options.only:
        print(f"Measuring: {name}", flush=True)
        load = os.getloadavg()[0]
        how = SECTIONS[name](results, options, python, build)
        results.method[name] = f"{today()}; {how}; load of the machine before: {load:.1f}"
        results.machine = machine.describe()
        results.versions = versions_of(build, python)
        results.write(options.results)  # whatever happens to the rest
    measured = render(results)
    print(measured)
    results.write(options.results)
    options.document.write_text(replace_measured(options.document.read_text(), measured, START, END))
    return 0 if all(verdict.kept for verdict in results.verdicts()) else 1


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench.rag", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="keep what others found")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, nargs="+", default=[20, 200, 2000], help="of the PDF files")
    parser.add_argument("--chunks", type=int, nargs="+", default=[1000, 10_000, 100_000], help="that are searched")
    parser.add_argument("--seconds", type=float, default=3.0, help="of one reading of a search")
    parser.add_argument("--answers", type=int, default=15, help="of each kind in a round")
    parser.add_argument("--streams", type=int, default=200, help="at once")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench", help="environments, data and logs")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results-rag.json")
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "performance.md", help="gets the tables")
    parser.add_argument("--report-only", action="store_true", help="measure nothing: judge and print the last results")
    return parser.parse_args()


def run_ingestion(results: Results, options: argparse.Namespace, python: Path, build: Path) -> str:
    """Measure how documents are taken in."""
    readings = ingestion.measure_ingestion(pipelines(python, build), options.pages, options.rounds, build)
    results.ingestion = ingestion.summarise(readings)
    return f"medians of {options.rounds} interleaved rounds, each in a fresh process after a warm-up document"


def run_embedding(results: Results, _: argparse.Namespace, python: Path, build: Path) -> str:
    """Measure an ingestion with a model."""
    results.embedding = measure_embedding(python, build)
    return "once, in a fresh process after a warm-up document"


def run_search(results: Results, options: argparse.Namespace, python: Path, build: Path) -> str:
    """Measure searches."""
    what = search.Search(options.chunks, options.rounds, options.seconds)
    results.search = search.summarise(search.measure_search(what, python, build))
    return f"medians of {options.rounds} interleaved rounds, {options.seconds:g} s a reading, others frozen"


def run_answers(results: Results, options: argparse.Namespace, python: Path, build: Path) -> str:
    """Measure single answers."""
    results.answers = measure_answers(options.answers, options.rounds, python, build)
    return f"medians of {options.answers * options.rounds} answers each, in turn"


def run_crowd(results: Results, options: argparse.Namespace, python: Path, build: Path) -> str:
    """Measure many answers at once."""
    results.crowd = measure_crowd(options.streams, options.rounds, python, build)
    return f"medians of {options.rounds} rounds"


def run_quality(results: Results, _: argparse.Namespace, python: Path, build: Path) -> str:
    """Evaluate."""
    results.quality, results.stages = measure_quality(python, build)
    return "once: metrics are the same every time"


def run_start(results: Results, _: argparse.Namespace, python: Path, build: Path) -> str:
    """Start `make dev`."""
    results.starts = measure_starts(python, build)
    return "two starts without data; the first compiles all modules"


SECTIONS: Mapping[str, Callable[[Results, argparse.Namespace, Path, Path], str]] = {
    "ingestion": run_ingestion,
    "embedding": run_embedding,
    "search": run_search,
    "answers": run_answers,
    "crowd": run_crowd,
    "quality": run_quality,
    "start": run_start,
}


def versions_of(build: Path, python: Path) -> dict[str, str]:
    """Return the versions of what was measured; where ours and a peer's differ, both."""
    folders = [python.parent.parent, *(peer_environment(name, build) for name in ENVIRONMENTS)]
    versions: dict[str, set[str]] = {}
    for folder in folders:
        for name, version in environments.versions(folder, PACKAGES).items():
            versions.setdefault(name, set()).add(version)
    return {"Python": platform.python_version(), **{name: ", ".join(sorted(those)) for name, those in versions.items()}}


if __name__ == "__main__":
    raise SystemExit(main())
