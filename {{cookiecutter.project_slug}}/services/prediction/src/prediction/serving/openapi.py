"""The place of the hot route in the OpenAPI document, told by hand because FastAPI cannot see into it.

The document is public and models belong to tenants, so it describes what all models have in common. What one model
takes, its owner learns from `GET /v1/models/{name}/schema`.
"""

from typing import Final

from prediction.predictionlog.errors import LogFull
from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.serving.decoder import KEY_PATTERN, MAX_KEY_LENGTH
from prediction.serving.errors import InvalidRows, ModelUnavailable, NoChampion, Unscorable
from servicekit.http.strict_json import MalformedJson
from servicekit.problems import Problem, TooManyRequests, Unauthorized, UnsupportedMediaType, problem_responses

MODEL_NAME_PATTERN: Final = "^[a-z][a-z0-9-]{0,62}$"
PREDICT_PROBLEMS: Final[tuple[type[Problem], ...]] = (
    MalformedJson,
    Unauthorized,
    ModelNotFound,
    NoChampion,
    UnsupportedMediaType,
    InvalidRows,
    Unscorable,
    TooManyRequests,
    ModelUnavailable,
    RegistryUnavailable,
    LogFull,
)
_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_IRIS: Final = {
    "sepal length (cm)": 5.8,
    "sepal width (cm)": 2.7,
    "petal length (cm)": 5.1,
    "petal width (cm)": 1.9,
}


def predict_operation() -> dict[str, object]:
    """Return the OpenAPI operation of the predict route."""
    answer = {"description": "One prediction per row.", "content": {"application/json": {"schema": _answer()}}}
    return {
        "tags": ["predictions"],
        "summary": "Predict rows",
        "description": (
            "Answers 1 to SERVING__MAX_ROWS rows with the model's champion, or with its challenger for the canary's "
            "share of the keys. The fields of a row are the model's own: see `GET /v1/models/{name}/schema`. Every "
            "answer names the version that made it and is recorded under the ids it carries."
        ),
        "operationId": "predict",
        "parameters": [
            {
                "name": "name",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": MODEL_NAME_PATTERN},
                "description": "The model's name.",
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _request()}}},
        "responses": {"200": answer} | {str(k): v for k, v in problem_responses(*PREDICT_PROBLEMS).items()},
    }


def _request() -> dict[str, object]:
    row = {"type": "object", "additionalProperties": {"type": ["number", "boolean", "string", "null"]}}
    return {
        "title": "PredictRequest",
        "type": "object",
        "properties": {
            "rows": {"type": "array", "minItems": 1, "items": row, "examples": [[_IRIS]]},
            "key": {
                "type": ["string", "null"],
                "maxLength": MAX_KEY_LENGTH,
                "pattern": KEY_PATTERN,
                "description": "Stable id of what is predicted: the same key is always answered by the same variant.",
            },
            "explain": {
                "type": "boolean",
                "default": False,
                "description": "Name the features that moved each answer most (single-feature ablation).",
            },
        },
        "required": ["rows"],
        "additionalProperties": False,
    }


def _answer() -> dict[str, object]:
    return {
        "title": "PredictAnswer",
        "type": "object",
        "properties": {
            "model": {"type": "string"},
            "version": {"type": "string"},
            "variant": {"type": "string", "enum": ["champion", "challenger"]},
            "predictions": {"type": "array", "items": {"anyOf": [_class_prediction(), _value_prediction()]}},
        },
        "required": ["model", "version", "variant", "predictions"],
    }


def _class_prediction() -> dict[str, object]:
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "title": "ClassPrediction",
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "label": _SCALAR,
            "probability": probability | {"description": "Of the label."},
            "probabilities": {"type": "object", "additionalProperties": probability},
            "explanation": _explanation(),
        },
        "required": ["id", "label", "probability", "probabilities"],
    }


def _value_prediction() -> dict[str, object]:
    return {
        "title": "ValuePrediction",
        "type": "object",
        "properties": {"id": {"type": "string"}, "value": {"type": "number"}, "explanation": _explanation()},
        "required": ["id", "value"],
    }


def _explanation() -> dict[str, object]:
    scalar_or_null = {"type": ["string", "number", "boolean", "null"]}
    contribution = {
        "title": "Contribution",
        "type": "object",
        "properties": {
            "feature": {"type": "string"},
            "value": scalar_or_null,
            "typical": scalar_or_null,
            "contribution": {
                "type": "number",
                "description": "The answer minus what it would be with this feature at its typical value.",
            },
        },
        "required": ["feature", "value", "typical", "contribution"],
    }
    return {"type": "array", "items": contribution, "description": "Only when asked for; largest first."}
