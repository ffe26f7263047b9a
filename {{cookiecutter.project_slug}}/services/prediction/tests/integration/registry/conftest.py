"""Registered models: bundles written in milliseconds, with a held-out table that the better one answers well."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from prediction.artifacts.columns import columns_of
from prediction.artifacts.heldout import HeldOut, save_held_out
from prediction.artifacts.schema import ModelSchema
from prediction.artifacts.scorer import Scorer
from prediction.registry.memory import MemoryModelRegistry
from prediction.registry.mlflow import MlflowModelRegistry
from prediction.registry.ports import ModelRegistry, ModelVersion, TrainedModel
from prediction.registry.service import BEATS_BASELINE

MakeVersion = Callable[..., ModelVersion]
BEST = 1  # the seed of the model that the held-out answers come from


@dataclass
class Trainer:
    """Makes trained models and registers them."""

    make_version: MakeVersion
    schema: ModelSchema
    folder: Path
    count: int = 0

    def train(
        self, *, seed: int, baseline: bool = True, job_id: str = "", schema: ModelSchema | None = None
    ) -> TrainedModel:
        """Make a model; with the seed `BEST` it answers the held-out rows without any error."""
        self.count += 1
        made = self.make_version("made", str(self.count), schema or self.schema, seed=seed)
        bundle = self.make_version.folders[made.bundle_sha256]
        evaluation, plots = self.folder / f"evaluation-{self.count}", self.folder / f"plots-{self.count}"
        evaluation.mkdir(parents=True)
        plots.mkdir()
        (plots / "residuals.png").write_bytes(b"png")
        save_held_out(evaluation, self._held_out())
        return TrainedModel(
            job_id=job_id or f"job-{self.count}",
            bundle=bundle,
            bundle_sha256=made.bundle_sha256,
            evaluation=evaluation,
            plots=plots,
            metrics={"rmse": 1.5},
            params={"estimator": "linear"},
            tags={BEATS_BASELINE: "true" if baseline else "false", "task": "regression"},
        )

    def _held_out(self) -> HeldOut:
        version = self.make_version("best", str(self.count), self.schema, seed=BEST)
        best = Scorer(self.make_version.folders[version.bundle_sha256])
        rows = [{"area": 30.0 + at, "rooms": at % 4, "city": "Köln", "balcony": at % 2 == 0} for at in range(60)]
        columns = columns_of(self.schema.features, rows)
        return HeldOut(columns, best.predict(best.encoder.encode_columns(columns)).astype(np.float64))


@pytest.fixture
def trainer(make_version: MakeVersion, flats: ModelSchema, tmp_path: Path) -> Trainer:
    return Trainer(make_version, flats, tmp_path / "trained")


@pytest.fixture(params=["memory", "mlflow"])
def any_registry(request: pytest.FixtureRequest, tmp_path: Path) -> ModelRegistry:
    """Each registry in turn."""
    if request.param == "memory":
        return MemoryModelRegistry(tmp_path / "models")
    template: Path = request.getfixturevalue("empty_mlflow")
    database = tmp_path / "registry" / "mlflow.db"
    database.parent.mkdir()
    database.write_bytes(template.read_bytes())
    return MlflowModelRegistry(f"sqlite:///{database}")


@pytest.fixture
def registry(tmp_path: Path) -> MemoryModelRegistry:
    return MemoryModelRegistry(tmp_path / "models")
