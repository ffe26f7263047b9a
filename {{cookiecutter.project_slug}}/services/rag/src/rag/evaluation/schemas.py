"""What callers send to and see of evaluations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rag.evaluation.cases import Case
from rag.evaluation.models import Evaluation
from rag.evaluation.report import Comparison, Estimate, Report
from rag.retrieval.schemas import RetrievalRequest
from servicekit.jobs import Job, JobState

OWN = "own"
"""Name of a set that was sent with the request."""
SetName = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{0,62}$")]


class EvaluationRequest(BaseModel):
    """What is to be evaluated: a set of the service by name (`project` by default), or questions of one's own."""

    model_config = ConfigDict(extra="forbid")

    set: SetName | None = Field(default=None, description="`project` asks about this project's own documents.")
    cases: list[Case] = Field(default=[], description="Questions about your documents; each needs an id of its own.")
    retrieval: RetrievalRequest = RetrievalRequest()
    compare_with: RetrievalRequest | None = Field(
        default=None, description="A second way to search, evaluated on the same questions and compared with the first."
    )


class EvaluationParams(BaseModel):
    """The job's part of it; the cases of a named set are read by the job."""

    set: str
    cases: tuple[Case, ...] = ()
    retrieval: RetrievalRequest
    compare_with: RetrievalRequest | None = None


class EvaluationResult(BaseModel):
    """What the job says; the whole is at `GET /v1/evaluations/{id}`."""

    evaluation_id: UUID
    cases: int
    metrics: dict[str, float]
    mlflow_run: str | None


class EvaluationSummary(BaseModel):
    """An evaluation without its questions."""

    id: UUID
    set: str
    cases: int
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    mlflow_run: str | None
    metrics: dict[str, Estimate] = Field(description="With 95 % confidence intervals; empty until it has succeeded.")

    @classmethod
    def of(cls, evaluation: Evaluation, job: Job | None) -> "EvaluationSummary":
        """Show a row; its job may be gone, because finished jobs are deleted after a time."""
        report = _report(evaluation)
        return cls(**_common(evaluation, job), metrics=report.metrics if report else {})


class EvaluationDocument(BaseModel):
    """An evaluation with everything."""

    id: UUID
    set: str
    cases: int
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    mlflow_run: str | None
    report: Report | None
    comparison: Comparison | None

    @classmethod
    def of(cls, evaluation: Evaluation, job: Job | None) -> "EvaluationDocument":
        """Show a row."""
        compared = evaluation.comparison
        comparison = None if compared is None else Comparison.model_validate(compared)
        return cls(**_common(evaluation, job), report=_report(evaluation), comparison=comparison)


class EvaluationList(BaseModel):
    """Some evaluations, newest first."""

    items: list[EvaluationSummary]
    next_cursor: str | None


def _report(evaluation: Evaluation) -> Report | None:
    return None if evaluation.report is None else Report.model_validate(evaluation.report)


def _common(evaluation: Evaluation, job: Job | None) -> dict[str, object]:
    return {
        "id": evaluation.id,
        "set": evaluation.name,
        "cases": evaluation.cases,
        "state": _state(evaluation, job),
        "created_at": evaluation.created_at,
        "finished_at": evaluation.finished_at,
        "mlflow_run": evaluation.mlflow_run,
    }


def _state(evaluation: Evaluation, job: Job | None) -> JobState:
    if evaluation.report is not None:
        return JobState.SUCCEEDED
    return JobState.FAILED if job is None else JobState(job.state)
