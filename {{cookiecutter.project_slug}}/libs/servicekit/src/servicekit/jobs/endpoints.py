"""Routes to follow and steer jobs. A service's own routes make them, and answer 202 with `accepted()`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, Security

from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.jobs.models import Job, JobState
from servicekit.jobs.schemas import JobDocument, JobList
from servicekit.jobs.service import JobNotFound, JobNotRetryable, JobService
from servicekit.problems import problem_responses

WRITE_SCOPE = "jobs:write"
"""What a key needs to cancel and retry. To look at its tenant's jobs every key is good enough."""

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


async def jobs_of(request: Request) -> JobService:
    """The application's jobs."""
    service: JobService = request.app.state.kit.jobs
    return service


Jobs = Annotated[JobService, Depends(jobs_of)]
Reader = Annotated[Principal, Security(require())]
Writer = Annotated[Principal, Security(require(WRITE_SCOPE))]


def accepted(response: Response, job: Job) -> JobDocument:
    """Answer that a job was made: 202 is the route's `status_code`, this adds where to follow it."""
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    return JobDocument.of(job)


@router.get("", summary="List jobs, newest first")
async def list_jobs(
    principal: Reader,
    jobs: Jobs,
    session: Session,
    kind: Annotated[str | None, Query(max_length=128)] = None,
    state: JobState | None = None,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobList:
    """Return a page of the tenant's jobs."""
    page = await jobs.list(session, principal.tenant, kind=kind, state=state, before=cursor, limit=limit)
    next_cursor = str(page.next_before) if page.next_before else None
    return JobList(items=[JobDocument.of(job) for job in page.jobs], next_cursor=next_cursor)


@router.get("/{job_id}", summary="Look at a job", responses=problem_responses(JobNotFound))
async def get_job(job_id: UUID, principal: Reader, jobs: Jobs, session: Session) -> JobDocument:
    """Return a job of the tenant."""
    return JobDocument.of(await jobs.get(session, principal.tenant, job_id))


@router.post("/{job_id}/cancel", summary="Cancel a job", responses=problem_responses(JobNotFound))
async def cancel_job(job_id: UUID, principal: Writer, jobs: Jobs, session: Session) -> JobDocument:
    """End a waiting job at once and ask a running one to end soon; a job that has ended stays as it is."""
    return JobDocument.of(await jobs.cancel(session, principal.tenant, job_id))


@router.post(
    "/{job_id}/retry", summary="Retry a job", status_code=202, responses=problem_responses(JobNotFound, JobNotRetryable)
)
async def retry_job(job_id: UUID, principal: Writer, jobs: Jobs, session: Session, response: Response) -> JobDocument:
    """Queue a job again that has failed, was cancelled or is a dead letter."""
    return accepted(response, await jobs.retry(session, principal.tenant, job_id))
