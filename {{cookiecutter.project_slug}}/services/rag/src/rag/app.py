"""Assembles the API: `uvicorn --factory rag.app:build_app`, or `python -m rag serve`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import llmkit.money.endpoints as money
import llmkit.prompts.endpoints as prompts
import rag.answering.endpoints as answering
import rag.answering.websocket as websocket
import rag.conversations.endpoints as conversations
import rag.documents.endpoints as documents
import rag.evaluation.endpoints as evaluation
import rag.openai_api.endpoints as openai_api
import rag.reindexing.endpoints as reindexing
import rag.retrieval.endpoints as retrieval
from rag import __version__
from rag.bootstrap import Services, build_services, worker_resources
from rag.description import complete_document
from rag.jobs import catalog, catalog_for
from rag.settings import RagSettings
from servicekit.app import Lifespan, create_app
from servicekit.jobs.embedded import embedded_worker
from servicekit.kit import build_kit
from servicekit.settings import load_settings
from servicekit.telemetry import configure_telemetry

TITLE = "RAG service"
_FORM_BYTES = 64 * 1024  # what a multipart form needs beside its files


def build_app() -> FastAPI:
    """Return the application, made from the environment's settings."""
    settings = load_settings(RagSettings)
    configure_telemetry(settings, settings.service_name, __version__)
    kit = build_kit(settings, catalog=catalog_for(settings), version=__version__)
    services = build_services(kit, settings)

    @asynccontextmanager
    async def background() -> AsyncIterator[None]:
        async with services.running(), embedded_worker(settings, catalog, worker_resources, kit.metrics):
            yield

    return assemble(services, background)


def assemble(services: Services, background: Lifespan) -> FastAPI:
    """Put the routes together; `background` is what runs while they are served."""
    app = create_app(
        services.kit,
        title=TITLE,
        routers=[
            documents.router,
            reindexing.router,
            retrieval.router,
            answering.router,
            websocket.router,
            conversations.beginning,
            conversations.router,
            evaluation.router,
            money.router,  # before OpenAI's: `/v1/models/stop` is no model
            openai_api.router,
            prompts.make_router(read="prompts:read", write="prompts:write"),
        ],
        lifespan=background,
        body_limits={f"POST {documents.DOCUMENTS_PATH}": services.settings.ingestion.max_request_bytes + _FORM_BYTES},
        deadlines=dict.fromkeys(("POST /v1/ask", "POST /v1/chat/completions"), _answer_seconds(services.settings)),
    )
    app.state.services = services
    app.state.money = services.answers.money
    app.state.prompts = services.prompts
    complete_document(app, services.answers.models.models())
    return app


def _answer_seconds(settings: RagSettings) -> float:
    """Return the longest time to an answer: what its model may take, after a search that may have asked one too."""
    return (
        settings.answering.deadline_seconds
        + settings.retrieval.rewriting_seconds
        + settings.http.request_timeout_seconds
    )
