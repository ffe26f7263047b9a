"""Stand-ins for the neighbours of serving: releases, registry and prediction log in memory."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from prediction.predictionlog.record import PredictionRecord
from prediction.registry.board import ReleaseState
from prediction.registry.errors import RegistryUnavailable
from prediction.registry.ports import ModelVersion
from prediction.serving.cache import BundleCache
from prediction.serving.loader import ModelLoader
from prediction.serving.served import ServedModels
from prediction.serving.service import Call, Predictor
from prediction.serving.settings import ServingSettings
from prediction.serving.shadow import Shadows


class MemoryReleases:
    """What is released, changed by tests; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], ReleaseState] = {}
        self.away = False
        self.looks = 0

    async def snapshot(self) -> Mapping[tuple[str, str], ReleaseState]:
        self.looks += 1
        if self.away:
            raise RegistryUnavailable("The registry does not answer.")
        return dict(self.states)

    def release(self, champion: ModelVersion, **rest: object) -> None:
        key = (champion.tenant, champion.model)
        self.states[key] = ReleaseState(*key, champion=champion, **rest)  # type: ignore[arg-type]


class FolderRegistry:
    """Hands out the bundles that tests made."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self.folders = folders
        self.downloads = 0
        self.away = False

    def download(self, version: ModelVersion, into: Path) -> Path:
        self.downloads += 1
        if self.away:
            raise RegistryUnavailable("The registry does not answer.")
        return Path(shutil.copytree(self.folders[version.bundle_sha256], into / "bundle"))


class ListLog:
    """Keeps records as the prediction log would store them."""

    def __init__(self) -> None:
        self.records: list[PredictionRecord] = []

    def append(self, record: PredictionRecord) -> None:
        self.records.append(msgspec.json.decode(msgspec.json.encode(record), type=PredictionRecord))


@pytest.fixture
def releases() -> MemoryReleases:
    return MemoryReleases()


@pytest.fixture
def registry(make_version) -> FolderRegistry:
    return FolderRegistry(make_version.folders)


@pytest.fixture
def serving_settings() -> ServingSettings:
    return ServingSettings(poll_seconds=0.02, max_rows=10, thread_rows=4, max_explained_rows=2)


@pytest.fixture
def make_served(releases, registry, serving_settings, tmp_path):
    """Build the served models of one process; all of them share a cache folder, as processes of a machine do."""

    def make(**changes: object) -> ServedModels:
        cache = BundleCache(tmp_path / "cache", registry)
        settings = serving_settings.model_copy(update=changes)
        return ServedModels(releases, ModelLoader(cache), cache, settings)

    return make


@pytest.fixture
def served(make_served) -> ServedModels:
    return make_served()


@pytest.fixture
def log() -> ListLog:
    return ListLog()


@pytest.fixture
def shadows(log) -> Shadows:
    return Shadows(log, queue_size=2)


@pytest.fixture
def predictor(served, log, shadows, serving_settings) -> Predictor:
    return Predictor(served, log, shadows, serving_settings)


@pytest.fixture
def ask(predictor):
    """Ask a model as tenant acme; rows are given as Python values."""

    async def ask(model: str, *rows: object, request_id: str = "request-1", version: str | None = None, **more: object):
        body = msgspec.json.encode({"rows": rows, **more})
        return await predictor.predict(Call("acme", model, request_id, version), body)

    return ask


@pytest.fixture
def flower() -> dict[str, float]:
    return {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4}


@pytest.fixture
def flat() -> dict[str, object]:
    return {"area": 80, "rooms": 3, "city": "Berlin", "balcony": False, "listed": "2026-05-01T10:00:00+02:00"}
