"""What the OpenAPI document says beyond what FastAPI sees in the types."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from llmkit.call import ModelRef
from rag.answering.schemas import AskRequest
from rag.fields import JSON_NAME, JSON_SCHEMA
from rag.openai_api.schemas import ChatRequest
from rag.openai_api.service import model_documents


def complete_document(app: FastAPI, models: Sequence[ModelRef]) -> None:
    """Name the models that can be asked for, which depend on the settings, and describe free-form JSON."""
    make = app.openapi

    def completed() -> dict[str, Any]:
        document = make()
        schemas = document["components"]["schemas"]
        schemas[JSON_NAME] = JSON_SCHEMA
        schemas[AskRequest.__name__]["properties"]["model"]["anyOf"] = [
            {"enum": list(map(str, models))},
            {"type": "null"},
        ]
        schemas[ChatRequest.__name__]["properties"]["model"]["enum"] = [model.id for model in model_documents(models)]
        return document

    app.openapi = completed  # type: ignore[method-assign]  # FastAPI's documented way to change the document
