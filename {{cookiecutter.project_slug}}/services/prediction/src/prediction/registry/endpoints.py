"""Routes of models, their versions and their release."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Security
from fastapi import Path as PathParameter

from prediction.artifacts import bundle
from prediction.dependencies import ServicesDep
from prediction.registry.errors import (
    GateFailed,
    ModelNotFound,
    NothingToRelease,
    RegistryUnavailable,
    ReleaseInProgress,
)
from prediction.registry.ports import ModelRegistry, ModelVersion
from prediction.registry.schemas import (
    EventDocument,
    EventList,
    ModelDocument,
    ModelList,
    PromotionRequest,
    RollbackRequest,
    TrafficRequest,
    VersionDocument,
    VersionList,
    VersionSummary,
    model_document,
)
from prediction.serving.openapi import MODEL_NAME_PATTERN
from prediction.training.card import ModelCard
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.idempotency import IdempotentRoute
from servicekit.problems import problem_responses

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Security(require("prediction:read"))]
Releaser = Annotated[Principal, Security(require("prediction:release"))]
Name = Annotated[str, PathParameter(pattern=MODEL_NAME_PATTERN)]
READING = problem_responses(ModelNotFound, RegistryUnavailable)


@router.get("", summary="List models", responses=problem_responses(RegistryUnavailable))
async def list_models(caller: Reader, services: ServicesDep) -> ModelList:
    """Return the tenant's models with their released versions."""
    states = await services.releases.board.snapshot()
    mine = [model_document(state) for (tenant, _), state in sorted(states.items()) if tenant == caller.tenant]
    return ModelList(items=mine)


@router.get("/{name}", summary="Look at a model", responses=READING)
async def read_model(name: Name, caller: Reader, services: ServicesDep) -> ModelDocument:
    """Return which versions of a model have a role, and how traffic is divided."""
    return model_document(await services.releases.board.state(caller.tenant, name))


@router.get("/{name}/versions", summary="List versions, newest first", responses=READING)
async def list_versions(name: Name, caller: Reader, services: ServicesDep) -> VersionList:
    """Return all versions of a model."""
    found = await asyncio.to_thread(services.registry.versions, caller.tenant, name)
    return VersionList(items=[VersionSummary.model_validate(version) for version in found])


@router.get("/{name}/versions/{version}", summary="Look at a version", responses=READING)
async def read_version(name: Name, version: str, caller: Reader, services: ServicesDep) -> VersionDocument:
    """Return a version's measures and its model card."""
    found = await asyncio.to_thread(services.registry.version, caller.tenant, name, version)
    card = await asyncio.to_thread(_card, services.registry, found)
    return VersionDocument(**VersionSummary.model_validate(found).model_dump(), card=card)


@router.post(
    "/{name}/promote",
    summary="Make a version the champion",
    responses=problem_responses(ModelNotFound, GateFailed, NothingToRelease, ReleaseInProgress, RegistryUnavailable),
)
async def promote(name: Name, body: PromotionRequest, caller: Releaser, services: ServicesDep) -> ModelDocument:
    """Let the challenger, or the version named, take over if it beats the champion on the same held-out rows."""
    state = await services.releases.promote(
        caller.tenant, name, actor=caller.subject, version=body.version, force=body.force, reason=body.reason
    )
    return model_document(state)


@router.post(
    "/{name}/rollback",
    summary="Return to the previous champion",
    responses=problem_responses(ModelNotFound, NothingToRelease, ReleaseInProgress, RegistryUnavailable),
)
async def rollback(name: Name, body: RollbackRequest, caller: Releaser, services: ServicesDep) -> ModelDocument:
    """Exchange the champion and the version before it. Twice leads back."""
    return model_document(
        await services.releases.rollback(caller.tenant, name, actor=caller.subject, reason=body.reason)
    )


@router.put(
    "/{name}/traffic",
    summary="Divide the traffic",
    responses=problem_responses(ModelNotFound, ReleaseInProgress, RegistryUnavailable),
)
async def set_traffic(name: Name, body: TrafficRequest, caller: Releaser, services: ServicesDep) -> ModelDocument:
    """Give the challenger a share of the requests, or let it shadow the champion."""
    state = await services.releases.set_traffic(
        caller.tenant, name, canary_percent=body.canary_percent, shadow=body.shadow, actor=caller.subject
    )
    return model_document(state)


@router.get("/{name}/events", summary="The audit log of releases, newest first", responses=READING)
async def list_events(
    name: Name, caller: Reader, services: ServicesDep, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> EventList:
    """Return who promoted, rolled back or was refused, when, and on which ground."""
    await asyncio.to_thread(services.registry.aliases, caller.tenant, name)
    events = await services.releases.events(caller.tenant, name, limit=limit)
    return EventList(items=[EventDocument.model_validate(event) for event in events])


def _card(registry: ModelRegistry, version: ModelVersion) -> ModelCard:
    with tempfile.TemporaryDirectory(prefix="card-") as folder:
        files = registry.download(version, Path(folder))
        return ModelCard.model_validate_json((files / bundle.CARD_JSON).read_bytes())
