"""Routes: what monitoring did about breaches."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Security

from prediction.dependencies import ServicesDep
from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.retraining.repository import RetrainingRepository
from prediction.retraining.schemas import RetrainingList, RetrainingView
from prediction.serving.endpoints import ModelName
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.problems import problem_responses

router = APIRouter(tags=["monitoring"])


@router.get(
    "/v1/models/{name}/retrainings",
    summary="Trainings that a breach has started",
    responses=problem_responses(ModelNotFound, RegistryUnavailable),
)
async def read_retrainings(
    name: ModelName,
    caller: Annotated[Principal, Security(require("prediction:read"))],
    services: ServicesDep,
    session: Session,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> RetrainingList:
    """Return the model's retrainings, newest first: why each was started, and what came of it."""
    await asyncio.to_thread(services.registry.aliases, caller.tenant, name)
    found = await RetrainingRepository(session).newest(caller.tenant, name, limit)
    return RetrainingList(model=name, retrainings=[RetrainingView.model_validate(entry) for entry in found])
