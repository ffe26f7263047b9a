"""Routes of the index."""

from typing import Annotated

from fastapi import APIRouter, Response, Security, status

from rag.reindexing.tasks import REBUILD, RebuildParams
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.idempotency import IdempotentRoute
from servicekit.jobs import JobDocument, Jobs, JobState, accepted

router = APIRouter(prefix="/v1/reindexings", tags=["documents"], route_class=IdempotentRoute)
Operator = Annotated[Principal, Security(require("index:write"))]


@router.post("", status_code=status.HTTP_202_ACCEPTED, summary="Rebuild the index")
async def rebuild_index(caller: Operator, jobs: Jobs, session: Session, response: Response) -> JobDocument:
    """Embed all documents of all tenants anew, while searches go on; one that is under way is answered again."""
    for state in (JobState.RUNNING, JobState.QUEUED):
        page = await jobs.list(session, caller.tenant, kind=REBUILD, state=state, limit=1)
        if page.jobs:
            return accepted(response, page.jobs[0])
    job = await jobs.enqueue(session, REBUILD, RebuildParams(), tenant=caller.tenant, actor=caller.subject)
    return accepted(response, job)
