"""Routes of the Open Inference Protocol.

A model is named with or without a version. Without, the canary's share of the keys goes to the challenger, as on the
plain route; with one, that version answers if it has a role, and 404 otherwise.
"""

from typing import Annotated

from fastapi import APIRouter, Request, Security

from prediction.dependencies import ServicesDep
from prediction.serving.endpoint import PREDICT_SCOPE
from prediction.serving.endpoints import ModelName, Reader
from prediction.serving.kserve import tensors
from prediction.serving.kserve.route import InferenceRoute
from prediction.serving.kserve.schemas import (
    InferenceError,
    InferRequest,
    InferResponse,
    Live,
    ModelMetadata,
    ModelReady,
    Ready,
    ServerMetadata,
)
from prediction.serving.models import LoadedModel, Slot
from prediction.serving.service import Call
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.context import SCOPE_KEY
from servicekit.problems import Unavailable

PLATFORM = "onnx_onnxv1"
_ERRORS: dict[int | str, dict[str, object]] = {
    status: {"model": InferenceError, "description": description}
    for status, description in {
        401: "No valid credential",
        403: "The credential lacks the scope",
        404: "No such model, or the version has no role",
        409: "The model has no champion",
        422: "The tensors do not fit the model",
        429: "The rate limit is used up",
        503: "Cannot answer now",
    }.items()
}

router = APIRouter(prefix="/v2", tags=["open inference protocol"], route_class=InferenceRoute)
Predictor = Annotated[Principal, Security(require(PREDICT_SCOPE))]


@router.get("", summary="What this server is")
async def server_metadata(services: ServicesDep) -> ServerMetadata:
    """Name the server and its version."""
    return ServerMetadata(name="prediction", version=services.kit.version, extensions=[])


@router.get("/health/live", summary="Whether the server runs")
async def live() -> Live:
    """Answer: that is the proof."""
    return Live(live=True)


@router.get("/health/ready", summary="Whether the server can answer", responses={503: _ERRORS[503]})
async def ready(services: ServicesDep) -> Ready:
    """Say whether requests may come; `/readyz` names the part that fails."""
    readiness = await services.kit.health.readiness()
    if not readiness.ready:
        raise Unavailable("The server is not ready.", hint="GET /readyz names the part that fails.")
    return Ready(ready=True)


@router.get("/models/{name}", summary="What a model takes and answers", responses=_ERRORS)
@router.get("/models/{name}/versions/{version}", summary="What a version takes and answers", responses=_ERRORS)
async def model_metadata(
    name: ModelName, caller: Reader, services: ServicesDep, version: str | None = None
) -> ModelMetadata:
    """Describe inputs and outputs; the shapes' -1 is the number of rows."""
    slot = await services.models.require(caller.tenant, name)
    schema = _served(slot, version).schema
    return ModelMetadata(
        name=name,
        versions=slot.versions(),
        platform=PLATFORM,
        inputs=tensors.inputs_of(schema),
        outputs=tensors.outputs_of(schema),
    )


@router.get("/models/{name}/ready", summary="Whether a model answers", responses=_ERRORS)
@router.get("/models/{name}/versions/{version}/ready", summary="Whether a version answers", responses=_ERRORS)
async def model_ready(name: ModelName, caller: Reader, services: ServicesDep, version: str | None = None) -> ModelReady:
    """Answer 200 for a model in service."""
    _served(await services.models.require(caller.tenant, name), version)
    return ModelReady(name=name, ready=True)


@router.post("/models/{name}/infer", summary="Infer", responses=_ERRORS)
@router.post("/models/{name}/versions/{version}/infer", summary="Infer with one version", responses=_ERRORS)
async def infer(
    name: ModelName,
    body: InferRequest,
    caller: Predictor,
    services: ServicesDep,
    request: Request,
    version: str | None = None,
) -> InferResponse:
    """Answer rows given as tensors: one input per feature, or one matrix [rows, features] in the schema's order."""
    slot = await services.models.require(caller.tenant, name)
    rows = tensors.request_body(body, _served(slot, version).schema, name)
    call = Call(caller.tenant, name, request.scope[SCOPE_KEY].request_id, version)
    answer = await services.predictor.answer(slot, call, rows)
    prediction_id = answer.predictions[0].id
    return InferResponse(
        model_name=name,
        model_version=answer.version,
        id=body.id or prediction_id,
        parameters={"prediction_id": prediction_id, "variant": answer.variant},
        outputs=tensors.output_tensors(
            answer, _served(slot, answer.version).schema, [each.name for each in body.outputs]
        ),
    )


def _served(slot: Slot, version: str | None) -> LoadedModel:
    """Return the model of a version, or the champion when none is named."""
    return slot.champion if version is None else slot.by_version(version)[0]
