"""Routes of batch scoring."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Response, Security, UploadFile, status
from fastapi.responses import StreamingResponse

from prediction.datasets.errors import DatasetRefused
from prediction.dependencies import ServicesDep
from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.scoring.errors import ResultNotReady, ScoringNotFound
from prediction.scoring.files import MEDIA_TYPES
from prediction.scoring.schemas import OnError
from prediction.scoring.service import ScoringService, stream
from prediction.serving.endpoints import ModelName
from prediction.serving.errors import ModelUnavailable, NoChampion
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.idempotency import IdempotentRoute
from servicekit.jobs.endpoints import accepted
from servicekit.jobs.schemas import JobDocument
from servicekit.problems import problem_responses

SCORINGS_PATH = "/v1/models/{name}/scorings"

router = APIRouter(tags=["batch scoring"])
starting = APIRouter(tags=["batch scoring"], route_class=IdempotentRoute)
Caller = Annotated[Principal, Security(require("prediction:predict"))]


async def scorings(services: ServicesDep, session: Session) -> ScoringService:
    """Return the service, bound to the request's unit of work."""
    return ScoringService(services.kit.jobs, services.kit.storage, session)


Scorings = Annotated[ScoringService, Depends(scorings, scope="function")]


@starting.post(
    SCORINGS_PATH,
    status_code=status.HTTP_202_ACCEPTED,
    summary="Score a file",
    responses=problem_responses(ModelNotFound, NoChampion, DatasetRefused, ModelUnavailable, RegistryUnavailable),
)
async def start_scoring(
    name: ModelName,
    file: Annotated[UploadFile, File(json_schema_extra={"minLength": 1})],
    caller: Caller,
    services: ServicesDep,
    scorings: Scorings,
    response: Response,
    on_error: Annotated[OnError, Form()] = OnError.REFUSE,
) -> JobDocument:
    """Take a CSV, Parquet or JSON Lines file; a job answers each row with the model's champion of this moment.

    The columns are the model's features by name; others are kept and not looked at. A row that does not fit the model
    refuses the file, or, with `on_error=skip`, gets no prediction and the reason in the column `prediction_error`.
    """
    slot = await services.models.require(caller.tenant, name)
    job = await scorings.start(caller, slot, file, on_error)
    return accepted(response, job)


@router.get("/v1/scorings/{job_id}", summary="How far a batch scoring is", responses=problem_responses(ScoringNotFound))
async def read_scoring(job_id: UUID, caller: Caller, scorings: Scorings) -> JobDocument:
    """Return the job, with the number of rows when it is done."""
    return JobDocument.of(await scorings.get(caller.tenant, job_id))


@router.get(
    "/v1/scorings/{job_id}/result",
    summary="The scored file",
    response_class=StreamingResponse,
    responses=problem_responses(ScoringNotFound, ResultNotReady)
    | {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}}},
)
async def read_result(job_id: UUID, caller: Caller, services: ServicesDep, scorings: Scorings) -> StreamingResponse:
    """Return the file that was sent, of the same kind, with the predictions in columns of their own."""
    result = await scorings.result(caller.tenant, job_id)
    name = f"{result.model}-{job_id}.{result.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    body = stream(services.kit.storage, result.result)
    return StreamingResponse(body, media_type=MEDIA_TYPES[result.format], headers=headers)
