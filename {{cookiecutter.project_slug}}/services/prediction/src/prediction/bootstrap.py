"""Builds the parts of the service from its settings. Nothing else knows which technology stands behind a port."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from prediction.catalog import WorkerResources, catalog
from prediction.drift.board import MonitoringBoard, SqlSource
from prediction.predictionlog.log import PredictionLog
from prediction.predictionlog.sql import SqlPredictionSink
from prediction.registry.mlflow import MlflowModelRegistry
from prediction.registry.ports import ModelRegistry
from prediction.registry.service import ReleaseService
from prediction.serving.cache import BundleCache
from prediction.serving.loader import ModelLoader
from prediction.serving.metrics import ServingCollector
from prediction.serving.served import ServedModels
from prediction.serving.service import Predictor
from prediction.serving.shadow import Shadows
from prediction.settings import PredictionSettings
from servicekit.database import Database
from servicekit.jobs.factory import make_jobs
from servicekit.kit import Kit
from servicekit.storage import make_storage


@dataclass(frozen=True, slots=True)
class Services:
    """What the endpoints of the API use."""

    kit: Kit
    settings: PredictionSettings
    registry: ModelRegistry
    releases: ReleaseService
    models: ServedModels
    predictor: Predictor
    log: PredictionLog
    shadows: Shadows
    board: MonitoringBoard

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep everything going that works in the background; the prediction log ends last."""
        async with AsyncExitStack() as stack:
            for part in (self.log, self.shadows, self.models, self.board):
                await stack.enter_async_context(part.running())
            yield


def build_registry(settings: PredictionSettings) -> ModelRegistry:
    """Return the MLflow registry that the settings name."""
    return MlflowModelRegistry(settings.mlflow_uri)


def build_services(kit: Kit, settings: PredictionSettings, registry: ModelRegistry | None = None) -> Services:
    """Return the API's services, on the settings' registry unless another is given. Nothing runs yet."""
    registry = registry or build_registry(settings)
    releases = ReleaseService(kit.database, registry)
    cache = BundleCache(settings.model_cache, registry)
    loader = ModelLoader(cache)
    models = ServedModels(releases.board, loader, cache, settings.serving)
    spool = settings.data_dir / "prediction-log"
    log = PredictionLog(spool, SqlPredictionSink(kit.database), settings.predictionlog, kit.metrics)
    shadows = Shadows(log, settings.serving.shadow_queue)
    board = MonitoringBoard(SqlSource(kit.database), seconds=settings.monitoring.board_seconds)
    ServingCollector(models, loader, shadows).register(kit.metrics)
    board.register(kit.metrics)
    kit.health.add("models", models.check_ready)
    predictor = Predictor(models, log, shadows, settings.serving)
    return Services(kit, settings, registry, releases, models, predictor, log, shadows, board)


@asynccontextmanager
async def worker_resources(settings: PredictionSettings) -> AsyncIterator[WorkerResources]:
    """Open what jobs use, and close it when the worker stops."""
    database = Database.from_settings(settings)
    jobs = make_jobs(settings, catalog, database)
    registry = build_registry(settings)
    try:
        yield WorkerResources(
            settings=settings,
            database=database,
            storage=make_storage(settings),
            registry=registry,
            releases=ReleaseService(database, registry),
            jobs=jobs,
        )
    finally:
        await jobs.close()
        await database.dispose()
