"""Fixtures of the service's tests: its settings and migrations for the test kit, and small models to serve."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import anyio
import numpy as np
import onnx
import pytest
import skops.io
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

import prediction
from prediction import jobs
from prediction.artifacts import bundle
from prediction.artifacts.encoder import Encoder
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task
from prediction.catalog import WorkerResources
from prediction.registry.ports import ModelVersion, TrainedModel
from prediction.settings import PredictionSettings
from servicekit.jobs import JobCatalog
from servicekit.settings import ServiceSettings


@pytest.fixture(scope="session")
def settings_class() -> type[ServiceSettings]:
    return PredictionSettings


@pytest.fixture(scope="session")
def migration_locations() -> Sequence[Path]:
    return (Path(prediction.__file__).parent / "migrations",)


@pytest.fixture(scope="session")
def catalog() -> JobCatalog[WorkerResources]:
    return jobs.catalog


@pytest.fixture(scope="session")
def flowers() -> ModelSchema:
    """A classifier of three classes by three numbers."""
    names = {"sepal length (cm)": 5.8, "sepal width (cm)": 3.0, "petal length (cm)": 4.35}
    return ModelSchema(
        task=Task.MULTICLASS,
        target="species",
        features=tuple(
            Feature(name=name, kind=FeatureKind.NUMERIC, typical=typical, minimum=0, maximum=8)
            for name, typical in names.items()
        ),
        classes=("setosa", "versicolor", "virginica"),
    )


@pytest.fixture(scope="session")
def flats() -> ModelSchema:
    """A regression with every kind of feature."""
    return ModelSchema(
        task=Task.REGRESSION,
        target="rent",
        features=(
            Feature(name="area", kind=FeatureKind.NUMERIC, typical=60.0),
            Feature(name="rooms", kind=FeatureKind.NUMERIC, integer=True, typical=2),
            Feature(name="city", kind=FeatureKind.CATEGORY, categories=("Berlin", "Köln", "München"), typical="Köln"),
            Feature(name="balcony", kind=FeatureKind.BOOLEAN, nullable=True, typical=True),
            Feature(name="listed", kind=FeatureKind.DATETIME, nullable=True),
        ),
    )


@dataclass
class BundleMaker:
    """Makes sealed bundles: real ONNX and skops files, written in milliseconds instead of trained."""

    root: Path
    folders: dict[str, Path] = field(default_factory=dict)  # by the bundle's hash

    def __call__(
        self, model: str, version: str, schema: ModelSchema, *, seed: int = 0, tenant: str = "acme"
    ) -> ModelVersion:
        """Make a version whose weights depend on the seed."""
        folder = self.root / tenant / model / version
        sha256 = _write_bundle(folder, schema, seed)
        self.folders[sha256] = folder
        return ModelVersion(tenant, model, version, f"run-{version}", datetime(2026, 1, 1, tzinfo=UTC), sha256)

    def trained(self, model: str, version: str, schema: ModelSchema, *, seed: int = 0) -> TrainedModel:
        """Make what a training hands to a registry."""
        made = self(model, version, schema, seed=seed)
        empty = self.root / "empty"
        empty.mkdir(exist_ok=True)
        folder = self.folders[made.bundle_sha256]
        return TrainedModel(f"{model}-{version}", folder, made.bundle_sha256, evaluation=empty, plots=empty)


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait until a condition holds, for five seconds at most."""

    async def eventually(condition: Callable[[], bool]) -> None:
        with anyio.fail_after(5):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await anyio.sleep(0.01)

    return eventually


@pytest.fixture
def make_version(tmp_path: Path) -> BundleMaker:
    return BundleMaker(tmp_path / "bundles")


def _write_bundle(folder: Path, schema: ModelSchema, seed: int) -> str:
    """Write a linear model; missing values count as 0. Return the bundle's hash."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    width, classes = Encoder(schema).width, len(schema.classes)
    weights = random.normal(size=(width, max(classes, 1))).astype(np.float32) / 10
    onnx.save(_linear(weights, classes), folder / bundle.ONNX)
    fitted = LogisticRegression().fit(random.normal(size=(8, 2)), [0, 1] * 4)
    skops.io.dump(fitted, folder / bundle.SKOPS)
    (folder / bundle.SCHEMA).write_text(schema.model_dump_json())
    for name in (bundle.REFERENCE, bundle.CARD_JSON, bundle.CARD_MARKDOWN):
        (folder / name).write_text("{}")
    return bundle.seal(folder)


def _linear(weights: np.ndarray, classes: int) -> onnx.ModelProto:
    answer = "probabilities" if classes else "value"
    nodes = [
        helper.make_node("IsNaN", ["features"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "features"], ["known"]),
        helper.make_node("MatMul", ["known", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], [answer], axis=1)
        if classes
        else helper.make_node("Squeeze", ["scores", "axis"], [answer]),
    ]
    constants = {"zero": np.float32(0), "weights": weights, "axis": np.array([1])}
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(weights)])],
        [helper.make_tensor_value_info(answer, TensorProto.FLOAT, [None, classes] if classes else [None])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
