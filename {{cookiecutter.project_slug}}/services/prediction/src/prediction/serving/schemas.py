"""What the schema route answers."""

from pydantic import BaseModel, JsonValue

from prediction.artifacts.schema import Task


class ModelSchemaView(BaseModel):
    """What one model takes and answers."""

    model: str
    version: str
    task: Task
    target: str
    classes: list[str]
    request: dict[str, JsonValue]
    """JSON Schema of the body of `POST /v1/models/{name}/predict`."""
    example: dict[str, JsonValue]
    """A body that the model answers, made of typical values."""
