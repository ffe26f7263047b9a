"""Assembles the API: `uvicorn --factory prediction.app:build_app`, or `python -m prediction serve`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import prediction.datasets.endpoints as datasets
import prediction.drift.endpoints as drift
import prediction.feedback.endpoints as feedback
import prediction.registry.endpoints as models
import prediction.retraining.endpoints as retraining
import prediction.scoring.endpoints as scoring
import prediction.serving.endpoints as serving
import prediction.serving.kserve.endpoints as kserve
import prediction.training.endpoints as training
from prediction import __version__
from prediction.bootstrap import Services, build_services, worker_resources
from prediction.jobs import catalog, catalog_for
from prediction.serving.endpoint import predict_route
from prediction.settings import PredictionSettings
from servicekit.app import Lifespan, create_app
from servicekit.jobs.embedded import embedded_worker
from servicekit.kit import build_kit
from servicekit.settings import load_settings
from servicekit.telemetry import configure_telemetry

TITLE = "Prediction service"
_FORM_BYTES = 64 * 1024  # what a multipart form needs beside its file


def build_app() -> FastAPI:
    """Return the application, made from the environment's settings."""
    settings = load_settings(PredictionSettings)
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
    kit, settings = services.kit, services.settings
    app = create_app(
        kit,
        title=TITLE,
        routers=[
            datasets.router,
            training.router,
            models.router,
            serving.router,
            kserve.router,
            scoring.starting,
            scoring.router,
            feedback.router,
            drift.router,
            retraining.router,
        ],
        raw_routes=[predict_route(kit, services.predictor)],
        lifespan=background,
        body_limits={
            f"POST {datasets.DATASETS_PATH}": settings.training.max_file_bytes + _FORM_BYTES,
            f"POST {scoring.SCORINGS_PATH}": settings.scoring.max_file_bytes + _FORM_BYTES,
        },
    )
    app.state.services = services
    return app
