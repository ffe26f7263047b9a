"""What clients see of jobs."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, JsonValue

from servicekit.jobs.models import Job, JobState


class JobProgress(BaseModel):
    """How far the work is."""

    fraction: float
    message: str | None


class JobError(BaseModel):
    """Why the last attempt ended."""

    code: str
    detail: str
    hint: str | None


class JobDocument(BaseModel):
    """One job. Follow it with `GET /v1/jobs/{id}` until `finished_at` is set."""

    id: UUID
    kind: str
    state: JobState
    attempt: int
    progress: JobProgress
    result: JsonValue
    error: JobError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> "JobDocument":
        """Show a row."""
        error = (
            JobError(code=job.error_code, detail=job.error_detail or "", hint=job.error_hint)
            if job.error_code
            else None
        )
        return cls(
            id=job.id,
            kind=job.kind,
            state=JobState(job.state),
            attempt=job.attempt,
            progress=JobProgress(fraction=job.progress_fraction, message=job.progress_message),
            result=job.result,
            error=error,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
        )


class JobList(BaseModel):
    """Some jobs, newest first."""

    items: list[JobDocument]
    next_cursor: str | None
    """Give it as `cursor` to get the next page; null on the last one."""
