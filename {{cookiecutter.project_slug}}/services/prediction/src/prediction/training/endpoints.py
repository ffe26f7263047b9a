"""Routes of trainings."""

from typing import Annotated

from fastapi import APIRouter, Path, Response, Security, status

from prediction.datasets.errors import DatasetNotFound
from prediction.datasets.repository import DatasetRepository
from prediction.training.options import NewModelName
from prediction.training.schemas import TrainingParams, TrainingRequest
from prediction.training.tasks import KIND
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.idempotency import IdempotentRoute
from servicekit.jobs import JobDocument, Jobs, accepted
from servicekit.problems import problem_responses

router = APIRouter(tags=["training"], route_class=IdempotentRoute)
Trainer = Annotated[Principal, Security(require("prediction:train"))]


@router.post(
    "/v1/models/{name}/trainings",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Train a new version of a model",
    responses=problem_responses(DatasetNotFound),
)
async def start_training(
    name: Annotated[NewModelName, Path()],
    body: TrainingRequest,
    caller: Trainer,
    session: Session,
    jobs: Jobs,
    response: Response,
) -> JobDocument:
    """Make a job that trains, registers and considers a new version; its result says what became of it.

    Data that cannot be trained on makes the job fail with a code, a sentence and a hint.
    """
    dataset = await DatasetRepository(session).get(caller.tenant, body.dataset)
    params = TrainingParams(model=name, dataset=dataset.id, target=body.target, options=body.options)
    job = await jobs.enqueue(session, KIND, params, tenant=caller.tenant, actor=caller.subject)
    return accepted(response, job)
