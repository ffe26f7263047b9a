"""Routes: labels in, quality out."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Security

from prediction.dependencies import ServicesDep
from prediction.feedback.errors import InvalidLabels, TooManyLabels
from prediction.feedback.online import OnlineQuality
from prediction.feedback.schemas import FeedbackAnswer, FeedbackRequest, OnlineMetrics
from prediction.feedback.service import FeedbackService
from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.serving.endpoints import ModelName
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import utc_now
from servicekit.problems import problem_responses

FLUSH_SECONDS = 2.0  # patience with the spool when a label names a prediction that is not in the database

router = APIRouter(tags=["monitoring"])
Hours = Annotated[float, Query(gt=0, le=24 * 366, description="Predictions of the last hours.")]


@router.post(
    "/v1/feedback",
    summary="Tell what turned out to be true",
    responses=problem_responses(InvalidLabels, TooManyLabels),
)
async def take_feedback(
    body: FeedbackRequest,
    caller: Annotated[Principal, Security(require("prediction:predict"))],
    services: ServicesDep,
) -> FeedbackAnswer:
    """Keep labels of predictions, by prediction id. Sending one again is harmless; the last word counts.

    A prediction that is not the caller's is `not_found` in the results. A label that its model cannot answer refuses
    the whole request.
    """
    settings = services.settings.monitoring
    if len(body.items) > settings.feedback_items:
        raise TooManyLabels(f"{len(body.items)} labels in one request; the limit is {settings.feedback_items}.")
    service = FeedbackService(
        services.kit.database,
        grace=timedelta(minutes=settings.feedback_grace_minutes),
        flush=lambda: services.log.flush(FLUSH_SECONDS),
    )
    return await service.take(caller.tenant, body.items, now=utc_now())


@router.get(
    "/v1/models/{name}/metrics/online",
    summary="How good recent predictions were",
    responses=problem_responses(ModelNotFound, RegistryUnavailable),
)
async def read_online_metrics(
    name: ModelName,
    caller: Annotated[Principal, Security(require("prediction:read"))],
    services: ServicesDep,
    hours: Hours = 168,
) -> OnlineMetrics:
    """Return the figures of every version and role, with 95 % confidence intervals."""
    await asyncio.to_thread(services.registry.aliases, caller.tenant, name)
    return await OnlineQuality(services.kit.database).of_model(caller.tenant, name, now=utc_now(), hours=hours)
