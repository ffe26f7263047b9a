"""Tensors to rows, and answers to tensors."""

from collections.abc import Iterator, Sequence

import msgspec
from pydantic import JsonValue

from prediction.artifacts.schema import ClassKind, Feature, FeatureKind, ModelSchema, Scalar, Task
from prediction.serving.answers import ClassPrediction, PredictAnswer, ValuePrediction
from prediction.serving.errors import InvalidRows
from prediction.serving.kserve.schemas import Datatype, InferRequest, InputTensor, OutputTensor, TensorMetadata
from servicekit.problems import FieldError

LABEL, PROBABILITIES, VALUE = "label", "probabilities", "value"
_INTEGERS = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
_NUMBERS = (*_INTEGERS, "FP16", "FP32", "FP64")
_CLASS_TYPES: dict[ClassKind, Datatype] = {
    ClassKind.STRING: "BYTES",
    ClassKind.INTEGER: "INT64",
    ClassKind.BOOLEAN: "BOOL",
}


def datatype(feature: Feature) -> Datatype:
    """Return the datatype that metadata names for a feature."""
    if feature.kind is FeatureKind.NUMERIC:
        return "INT64" if feature.integer else "FP64"
    return "BOOL" if feature.kind is FeatureKind.BOOLEAN else "BYTES"


def inputs_of(schema: ModelSchema) -> list[TensorMetadata]:
    """Describe the inputs, one per feature."""
    return [TensorMetadata(name=each.name, datatype=datatype(each), shape=[-1]) for each in schema.features]


def outputs_of(schema: ModelSchema) -> list[TensorMetadata]:
    """Describe the outputs."""
    if schema.task is Task.REGRESSION:
        return [TensorMetadata(name=VALUE, datatype="FP64", shape=[-1])]
    return [
        TensorMetadata(name=LABEL, datatype=_CLASS_TYPES[schema.class_kind], shape=[-1]),
        TensorMetadata(name=PROBABILITIES, datatype="FP64", shape=[-1, len(schema.classes)]),
    ]


def request_body(request: InferRequest, schema: ModelSchema, model: str) -> bytes:
    """Return the same request as the plain route takes it, where it is checked like any other.

    Raises:
        InvalidRows: a tensor does not fit its shape, its datatype or the model.
    """
    errors = list(_tensor_errors(request.inputs, schema))
    if errors:
        raise InvalidRows(errors, model)
    rows = _matrix_rows(request.inputs[0], schema) if _is_matrix(request.inputs, schema) else _rows(request.inputs)
    return msgspec.json.encode({"rows": rows, "key": request.parameters.key})


def output_tensors(answer: PredictAnswer, schema: ModelSchema, wanted: Sequence[str]) -> list[OutputTensor]:
    """Return the answer as tensors, all or the wanted ones.

    Raises:
        InvalidRows: the model has no output of a wanted name.
    """
    described = {each.name: each for each in outputs_of(schema)}
    unknown = [name for name in wanted if name not in described]
    if unknown:
        message = f"is not an output of this model; it has {', '.join(described)}"
        raise InvalidRows([FieldError(f"outputs.{name}", message) for name in unknown], answer.model)
    return [_output(described[name], answer, schema) for name in (wanted or described)]


def _output(described: TensorMetadata, answer: PredictAnswer, schema: ModelSchema) -> OutputTensor:
    predictions = answer.predictions
    shape = [len(predictions), *described.shape[1:]]
    data: list[Scalar]
    if described.name == VALUE:
        data = [each.value for each in predictions if isinstance(each, ValuePrediction)]
    elif described.name == LABEL:
        data = [each.label for each in predictions if isinstance(each, ClassPrediction)]
    else:
        data = [p for each in predictions if isinstance(each, ClassPrediction) for p in each.probabilities.values()]
    parameters: dict[str, JsonValue] | None = None
    if described.name == PROBABILITIES:
        parameters = {"classes": list(schema.classes)}
    return OutputTensor(name=described.name, shape=shape, datatype=described.datatype, data=data, parameters=parameters)


def _tensor_errors(inputs: Sequence[InputTensor], schema: ModelSchema) -> Iterator[FieldError]:
    for position, tensor in enumerate(inputs):
        message = _shape_error(tensor) or _type_error(tensor, inputs, schema)
        if message:
            yield FieldError(f"inputs[{position}]", message, pointer=f"#/inputs/{position}")
    if not _is_matrix(inputs, schema):
        yield from _table_errors(inputs)


def _table_errors(inputs: Sequence[InputTensor]) -> Iterator[FieldError]:
    names = [tensor.name for tensor in inputs]
    if len(set(names)) != len(names):
        yield FieldError("inputs", "name an input twice", pointer="#/inputs")
    if len({tensor.shape[0] for tensor in inputs}) > 1:
        yield FieldError("inputs", "must all have the same number of rows", pointer="#/inputs")


def _shape_error(tensor: InputTensor) -> str | None:
    elements = len(_flat(tensor.data))
    expected = tensor.shape[0] * (tensor.shape[1] if len(tensor.shape) == 2 else 1)
    return None if elements == expected else f"has {elements} elements, its shape {tensor.shape} has {expected}"


def _type_error(tensor: InputTensor, inputs: Sequence[InputTensor], schema: ModelSchema) -> str | None:
    if _is_matrix(inputs, schema):
        return None
    if len(tensor.shape) == 2 and tensor.shape[1] != 1:
        return f"has shape {tensor.shape}; an input has one value per row, or is the only one and has all features"
    feature = next((each for each in schema.features if each.name == tensor.name), None)
    if feature is None:
        return None  # the check of rows names unknown fields, and what may have been meant
    allowed = _NUMBERS if feature.kind is FeatureKind.NUMERIC else (datatype(feature),)
    return None if tensor.datatype in allowed else f"must have the datatype {datatype(feature)}, not {tensor.datatype}"


def _is_matrix(inputs: Sequence[InputTensor], schema: ModelSchema) -> bool:
    """Whether the only input holds all features, one column each, in the order of the schema."""
    shape = inputs[0].shape
    return len(inputs) == 1 and len(shape) == 2 and shape[1] == len(schema.features) and shape[1] > 1


def _matrix_rows(tensor: InputTensor, schema: ModelSchema) -> list[dict[str, JsonValue]]:
    names = [feature.name for feature in schema.features]
    flat = _flat(tensor.data)
    width = len(names)
    return [dict(zip(names, flat[at : at + width], strict=True)) for at in range(0, len(flat), width)]


def _rows(inputs: Sequence[InputTensor]) -> list[dict[str, JsonValue]]:
    names = [tensor.name for tensor in inputs]
    columns = [_flat(tensor.data) for tensor in inputs]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _flat(data: list[JsonValue]) -> list[JsonValue]:
    """Return the elements of data that may be nested once."""
    if any(isinstance(item, list) for item in data):
        return [element for item in data for element in (item if isinstance(item, list) else [item])]
    return data
