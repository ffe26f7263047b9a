"""The whole application on a real database, with a registry in memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from prediction.app import assemble
from prediction.bootstrap import Services, build_services
from prediction.catalog import WorkerResources
from prediction.registry.memory import MemoryModelRegistry
from prediction.registry.mlflow import MlflowModelRegistry
from prediction.registry.ports import Alias, ModelVersion
from prediction.settings import PredictionSettings
from servicekit.kit import Kit


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised, empty MLflow database, because making its tables takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowModelRegistry(f"sqlite:///{path}").ping()
    return path


@pytest.fixture
def registry(tmp_path: Path) -> MemoryModelRegistry:
    return MemoryModelRegistry(tmp_path / "registry")


@pytest.fixture
def services(kit: Kit, settings: PredictionSettings, registry: MemoryModelRegistry) -> Services:
    return build_services(kit, settings, registry)


@pytest.fixture
def app(services: Services) -> FastAPI:
    return assemble(services, services.running)


@pytest.fixture
def resources(services: Services) -> WorkerResources:
    """What jobs of this test use: the same database, storage and registry as the application."""
    kit = services.kit
    return WorkerResources(
        settings=services.settings,
        database=kit.database,
        storage=kit.storage,
        registry=services.registry,
        releases=services.releases,
        jobs=kit.jobs,
    )


@pytest.fixture
def release(make_version, registry: MemoryModelRegistry) -> Callable[..., ModelVersion]:
    """Register a model made in milliseconds and give it a role."""

    def release(
        model: str, schema, *, seed: int = 0, role: Alias = Alias.CHAMPION, tenant: str = "acme"
    ) -> ModelVersion:
        number = len(registry._versions.get((tenant, model), ())) + 1
        made = registry.register(
            tenant, model, make_version.trained(f"{tenant}-{model}", str(number), schema, seed=seed)
        )
        registry.set_alias(tenant, model, role, made.version)
        return made

    return release
