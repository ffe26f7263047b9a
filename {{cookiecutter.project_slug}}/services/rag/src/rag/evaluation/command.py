"""What `python -m rag evaluate` does."""

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from llmkit.ports import AnswerCache
from rag.evaluation.bench import TENANT, Bench
from rag.evaluation.cases import Case
from rag.evaluation.configurations import STAGES, STRATEGIES, ConfigurationRefused, Variant, changed
from rag.evaluation.corpus import CorpusDocument, CorpusRefused, read_folder, read_project
from rag.evaluation.errors import JudgeUnavailable
from rag.evaluation.files import PROJECT, CasesRefused, read_file, read_set
from rag.evaluation.gate import BOUNDS, breaches, read_bounds
from rag.evaluation.local import Tools, open_laboratory
from rag.evaluation.report import Comparison, Report, compare
from rag.evaluation.semantic import measure, read_pairs
from rag.evaluation.tables import show_breaches, show_cache, show_comparison, show_overview, show_report
from rag.evaluation.tracking import TrackingFailed, log_report
from rag.settings import RagSettings
from servicekit.database import uuid7

Write: TypeAlias = Callable[[str], object]
BREACHED = 1


class Refused(Exception):
    """The command cannot be done as asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated on what."""

    cases: Sequence[Case]
    documents: Sequence[CorpusDocument]
    base: Variant
    others: Mapping[str, Variant]
    bounds: Path | None
    answers: bool


async def run(
    settings: RagSettings,
    arguments: argparse.Namespace,
    tools: Tools,
    out: Write,
    err: Write,
) -> int:
    """Evaluate, compare, track and judge by the gate; return the exit code. Refused."""
    plan = _plan(settings, arguments)
    try:
        async with open_laboratory(settings, plan.documents, tools, answers=plan.answers) as laboratory:
            report = await _evaluate(laboratory.bench, plan, plan.base, err)
            out(show_report(report))
            if plan.answers:
                report = await _with_cache(report, laboratory.cache, out)
            compared = [
                (name, compare(report, await _evaluate(laboratory.bench, plan, other, err)))
                for name, other in plan.others.items()
            ]
    except JudgeUnavailable as error:
        raise Refused(str(error)) from error
    _show_compared(compared, out)
    if arguments.output is not None:
        arguments.output.write_text(_document(report, compared), encoding="utf-8")
    if arguments.track:
        out(f"\nMLflow run {await _track(settings, arguments, report, dict(compared))}\n")
    return _pass_gate(report, plan.bounds, out, err)


async def _with_cache(report: Report, cache: AnswerCache, out: Write) -> Report:
    """Add how often the semantic cache is right, which does not depend on the questions."""
    quality = await measure(cache, read_pairs())
    out(f"\n{show_cache(quality)}")
    return report.model_copy(update={"metrics": report.metrics | quality.metrics()})


def _plan(settings: RagSettings, arguments: argparse.Namespace) -> Plan:
    """Read everything that can be wrong before anything takes time."""
    limits = settings.parsing.limits()
    try:
        cases = read_file(arguments.set) if arguments.set else read_set(PROJECT)
        chunking = settings.chunking
        base = Variant(settings.retrieval.options(), chunking.strategy.value, chunking.target_tokens)
        for text in filter(None, (arguments.base, arguments.chunking and f"chunking={arguments.chunking}")):
            base = changed(base, text)
        others = {text: changed(base, text) for text in arguments.compare}
        if arguments.stages:
            others |= _stages(base)
        bounds = _bounds(arguments)
        documents = read_folder(arguments.dir, limits) if arguments.dir else read_project(limits)
    except (CasesRefused, ConfigurationRefused, CorpusRefused) as refusal:
        raise Refused(str(refusal)) from refusal
    return Plan(cases, documents, base, others, bounds, not arguments.search_only)


def _stages(base: Variant) -> dict[str, Variant]:
    """Return what differs from the base by one optional stage, or by the way of chunking."""
    texts = {**STAGES, **{f"chunking {strategy}": f"chunking={strategy}" for strategy in STRATEGIES}}
    found = {name: changed(base, text) for name, text in texts.items()}
    return {name: variant for name, variant in found.items() if variant != base}


def _bounds(arguments: argparse.Namespace) -> Path | None:
    if not arguments.gate:
        return None
    if arguments.bounds is None and (arguments.set or arguments.dir):
        raise Refused("the bounds that are shipped are for the project's own questions; give yours with --bounds FILE")
    path: Path = arguments.bounds or BOUNDS
    try:
        read_bounds(path)
    except (OSError, ValueError) as error:
        raise Refused(f"{path}: {error}") from error
    return path


async def _evaluate(bench: Bench, plan: Plan, variant: Variant, err: Write) -> Report:
    def progress(fraction: float, message: str) -> None:
        if fraction >= 1 or round(fraction * len(plan.cases)) % 25 == 0:
            err(f"{message}\n")

    return await bench.evaluate(variant, plan.cases, progress)


def _show_compared(compared: Sequence[tuple[str, Comparison]], out: Write) -> None:
    for name, comparison in compared:
        out(f"\nfirst: as above; second: {show_comparison(name, comparison)}")
    if len(compared) > 1:
        out(f"\n{show_overview(compared)}")


def _document(report: Report, compared: Sequence[tuple[str, Comparison]]) -> str:
    comparisons = {name: comparison.model_dump(mode="json") for name, comparison in compared}
    document = {"report": report.model_dump(mode="json"), "comparisons": comparisons}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


async def _track(
    settings: RagSettings, arguments: argparse.Namespace, report: Report, compared: Mapping[str, Comparison]
) -> str:
    name = arguments.set.stem if arguments.set else PROJECT
    try:
        return await asyncio.to_thread(
            log_report, settings.mlflow_uri, TENANT, name, report, compared, job_id=str(uuid7())
        )
    except TrackingFailed as error:
        raise Refused(f"MLflow did not take it: {error}") from error


def _pass_gate(report: Report, bounds: Path | None, out: Write, err: Write) -> int:
    if bounds is None:
        return 0
    found = breaches(report, read_bounds(bounds))
    if found:
        err(show_breaches(found))
        return BREACHED
    out("\nThe gate is passed: every metric keeps its bound.\n")
    return 0
