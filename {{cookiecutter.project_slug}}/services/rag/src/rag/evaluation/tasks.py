"""The job of evaluations."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from rag.catalog import WorkerResources, catalog
from rag.evaluation.cases import Case
from rag.evaluation.errors import JudgeUnavailable
from rag.evaluation.files import read_set
from rag.evaluation.parts import EvaluationParts
from rag.evaluation.report import Comparison, Report, compare
from rag.evaluation.repository import EvaluationRepository
from rag.evaluation.schemas import EvaluationParams, EvaluationResult
from rag.evaluation.service import KIND
from rag.evaluation.tracking import TrackingFailed, log_report
from rag.indexing.ports import IndexUnavailable
from rag.retrieval.passages import RetrievalOptions
from servicekit.database import utc_now
from servicekit.jobs import JobContext, JobRefused, RetryLater

_log = structlog.get_logger(__name__)


@catalog.job(KIND, attempts=2, timeout=timedelta(hours=3))
async def run_evaluation(context: JobContext[WorkerResources], params: EvaluationParams) -> EvaluationResult:
    """Ask every question once, or twice for a comparison, and keep the result."""
    resources = context.resources
    cases = params.cases or read_set(params.set)
    retrieval = resources.settings.retrieval
    ways = [params.retrieval.to_options(retrieval)]
    if params.compare_with is not None:
        ways.append(params.compare_with.to_options(retrieval))
    try:
        async with resources.open_evaluation() as parts:
            reports = await _ask(context, parts, cases, ways)
    except JudgeUnavailable as error:
        raise JobRefused("judge_unavailable", str(error)) from error
    except IndexUnavailable as error:
        raise RetryLater("index_unavailable", "The store of vectors does not answer.") from error
    comparison = compare(reports[0], reports[1]) if len(reports) > 1 else None
    return await _keep(context, params, reports[0], comparison)


async def _ask(
    context: JobContext[WorkerResources],
    parts: EvaluationParts,
    cases: Sequence[Case],
    ways: Sequence[RetrievalOptions],
) -> list[Report]:
    reports = []
    for number, options in enumerate(ways):
        progress = _part_of(context, number, len(ways))
        reports.append(await parts.evaluate(context.tenant, cases, options, progress=progress))
    return reports


def _part_of(context: JobContext[WorkerResources], number: int, parts: int) -> Callable[[float, str], None]:
    def progress(fraction: float, message: str) -> None:
        context.progress((number + fraction) / parts, message)

    return progress


async def _keep(
    context: JobContext[WorkerResources], params: EvaluationParams, report: Report, comparison: Comparison | None
) -> EvaluationResult:
    """Write the result, so that it can be read, and only then wait for MLflow."""
    async with context.resources.database.session() as session:
        await EvaluationRepository(session).finish(context.tenant, context.job_id, report, comparison, now=utc_now())
    run = await _track(context, params.set, report, {"compare_with": comparison} if comparison else {})
    async with context.resources.database.session() as session:
        await EvaluationRepository(session).note_run(context.tenant, context.job_id, run)
    metrics = {name: estimate.value for name, estimate in report.metrics.items()}
    return EvaluationResult(evaluation_id=context.job_id, cases=report.cases, metrics=metrics, mlflow_run=run)


async def _track(
    context: JobContext[WorkerResources], name: str, report: Report, comparisons: Mapping[str, Comparison]
) -> str | None:
    """Log to MLflow; that it is away costs the log and not the evaluation."""
    settings = context.resources.settings
    if not settings.evaluation.mlflow:
        return None
    context.progress(1.0, "being logged to MLflow")
    try:
        return await asyncio.to_thread(
            log_report, settings.mlflow_uri, context.tenant, name, report, comparisons, job_id=str(context.job_id)
        )
    except TrackingFailed as error:
        _log.warning("evaluation_not_tracked", job_id=str(context.job_id), reason=str(error))
        return None
