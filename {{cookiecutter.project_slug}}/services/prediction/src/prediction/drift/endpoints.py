"""Routes: has it drifted?"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response, Security, status
from pydantic import BaseModel, ConfigDict, Field

from prediction.dependencies import ServicesDep
from prediction.drift.report import DriftHistory, DriftReport
from prediction.drift.repository import ReportRepository
from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.retraining.schemas import CheckParams
from prediction.retraining.tasks import CHECK
from prediction.serving.endpoints import ModelName
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.idempotency import IdempotentRoute
from servicekit.jobs.endpoints import accepted
from servicekit.jobs.schemas import JobDocument
from servicekit.problems import problem_responses

router = APIRouter(tags=["monitoring"], route_class=IdempotentRoute)


class CheckRequest(BaseModel):
    """What to look at."""

    model_config = ConfigDict(extra="forbid")

    hours: float | None = Field(
        default=None, gt=0, le=24 * 366, description="Predictions of the last hours; as the settings say when absent."
    )


@router.post(
    "/v1/models/{name}/drift",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Check a model for drift now",
    responses=problem_responses(ModelNotFound, RegistryUnavailable),
)
async def start_check(
    name: ModelName,
    caller: Annotated[Principal, Security(require("prediction:train"))],
    services: ServicesDep,
    session: Session,
    response: Response,
    body: CheckRequest | None = None,
) -> JobDocument:
    """Start a job that holds recent predictions against the training data, and against labels.

    It is the check that also runs by schedule. The job's result has both reports, and whether a retraining started.
    """
    await asyncio.to_thread(services.registry.aliases, caller.tenant, name)
    params = CheckParams(model=name, hours=body.hours if body else None)
    job = await services.kit.jobs.enqueue(session, CHECK, params, tenant=caller.tenant, actor=caller.subject)
    return accepted(response, job)


@router.get(
    "/v1/models/{name}/drift",
    summary="What the latest checks for drift found",
    responses=problem_responses(ModelNotFound, RegistryUnavailable),
)
async def read_drift(
    name: ModelName,
    caller: Annotated[Principal, Security(require("prediction:read"))],
    services: ServicesDep,
    session: Session,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> DriftHistory:
    """Return the reports of the latest checks, newest first; `latest` is null before the first one."""
    await asyncio.to_thread(services.registry.aliases, caller.tenant, name)
    documents = await ReportRepository(session).history(caller.tenant, name, "drift", limit)
    reports = [DriftReport.model_validate(document) for document in documents]
    return DriftHistory(model=name, latest=reports[0] if reports else None, reports=reports)
