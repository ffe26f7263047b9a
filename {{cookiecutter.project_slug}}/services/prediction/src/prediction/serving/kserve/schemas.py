"""Bodies of the Open Inference Protocol, version 2."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from prediction.artifacts.schema import Scalar
from prediction.serving.decoder import KEY_PATTERN, MAX_KEY_LENGTH

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"
]


class Parameters(BaseModel):
    """Parameters of a request; unknown ones are ignored, as the protocol says."""

    key: Annotated[str | None, Field(max_length=MAX_KEY_LENGTH, pattern=KEY_PATTERN)] = None
    """Stable id of what is predicted: the same key is always answered by the same variant."""


class InputTensor(BaseModel):
    """One input: a feature with one value per row, or all features as a matrix."""

    model_config = ConfigDict(extra="forbid")

    name: str
    shape: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=2)]
    datatype: Datatype
    data: list[JsonValue]
    """The elements in row-major order, flat or nested; null for a missing value."""
    parameters: dict[str, JsonValue] = {}


class RequestedOutput(BaseModel):
    """One output that the caller wants."""

    model_config = ConfigDict(extra="forbid")

    name: str
    parameters: dict[str, JsonValue] = {}


class InferRequest(BaseModel):
    """What `infer` takes."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = None
    parameters: Parameters = Parameters()
    inputs: Annotated[list[InputTensor], Field(min_length=1)]
    outputs: list[RequestedOutput] = []
    """Only these outputs; all when empty."""


class OutputTensor(BaseModel):
    """One output."""

    name: str
    shape: list[int]
    datatype: Datatype
    data: list[Scalar]
    parameters: dict[str, JsonValue] | None = None


class InferResponse(BaseModel):
    """What `infer` answers."""

    model_name: str
    model_version: str
    id: str
    parameters: dict[str, JsonValue]
    """`prediction_id` of the first row (row 3 has `<prediction_id>-3`) and the `variant` that answered."""
    outputs: list[OutputTensor]


class TensorMetadata(BaseModel):
    """An input or output of a model; -1 stands for the number of rows."""

    name: str
    datatype: Datatype
    shape: list[int]


class ModelMetadata(BaseModel):
    """What a model takes and answers."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ModelReady(BaseModel):
    """Whether a model answers."""

    name: str
    ready: bool


class ServerMetadata(BaseModel):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Whether the process runs."""

    live: bool


class Ready(BaseModel):
    """Whether the process can answer."""

    ready: bool


class InferenceError(BaseModel):
    """The protocol's error."""

    error: str
