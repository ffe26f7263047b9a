"""Routes about served models, beside the predict route."""

from typing import Annotated

from fastapi import APIRouter, Path, Security

from prediction.dependencies import ServicesDep
from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.serving.errors import ModelUnavailable, NoChampion
from prediction.serving.jsonschema import example_row, request_schema
from prediction.serving.openapi import MODEL_NAME_PATTERN
from prediction.serving.schemas import ModelSchemaView
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.problems import problem_responses

router = APIRouter(tags=["predictions"])
Reader = Annotated[Principal, Security(require("prediction:read"))]
ModelName = Annotated[str, Path(pattern=MODEL_NAME_PATTERN)]


@router.get(
    "/v1/models/{name}/schema",
    summary="What a model takes",
    responses=problem_responses(ModelNotFound, NoChampion, ModelUnavailable, RegistryUnavailable),
)
async def read_schema(name: ModelName, caller: Reader, services: ServicesDep) -> ModelSchemaView:
    """Return the JSON Schema of a request to the model's champion, and an example of one."""
    champion = (await services.models.require(caller.tenant, name)).champion
    schema = champion.schema
    return ModelSchemaView(
        model=name,
        version=champion.version.version,
        task=schema.task,
        target=schema.target,
        classes=list(schema.classes),
        request=request_schema(schema, services.settings.serving.max_rows),
        example={"rows": [example_row(schema)]},
    )
