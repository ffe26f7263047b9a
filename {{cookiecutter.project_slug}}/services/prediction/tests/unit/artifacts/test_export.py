"""Every family of models, exported: equal answers, one output, fast single rows."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from threadpoolctl import threadpool_limits

from prediction.artifacts.columns import Columns
from prediction.artifacts.encoder import Encoder, Matrix
from prediction.artifacts.export import export_onnx, export_skops, largest_difference
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task
from prediction.artifacts.scorer import session_options
from prediction.artifacts.trial import try_model
from prediction.artifacts.trusted import check_skops
from prediction.training.calibration import calibrated
from prediction.training.candidates import candidates
from prediction.training.options import EstimatorName, TrainingOptions

ROWS = 300


@pytest.fixture(autouse=True)
def _one_native_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def schema_of(task: Task) -> ModelSchema:
    classes = {Task.BINARY: ("a", "b"), Task.MULTICLASS: ("a", "b", "c")}
    return ModelSchema(
        task=task,
        target="y",
        features=(
            Feature(name="small", kind=FeatureKind.NUMERIC, nullable=True),
            Feature(name="large", kind=FeatureKind.NUMERIC),
            Feature(name="kind", kind=FeatureKind.CATEGORY, categories=tuple("pqrst"), nullable=True),
            Feature(name="when", kind=FeatureKind.DATETIME),
        ),
        classes=classes.get(task, ()),
    )


def data_of(schema: ModelSchema) -> tuple[Matrix, np.ndarray]:
    random = np.random.default_rng(1)
    small = np.where(random.random(ROWS) < 0.2, np.nan, random.normal(size=ROWS))
    kind = random.choice(np.array([*"pqrst", None], dtype=object), ROWS)
    columns: Columns = {
        "small": small,
        "large": random.normal(size=ROWS) * 1e7 + 1e9,
        "kind": kind,
        "when": 1.7e9 + random.random(ROWS) * 1e8,
    }
    score = np.nan_to_num(small) + (kind == "p") + random.normal(size=ROWS) / 2
    target = (
        score * 1e4 + 5e5 if schema.task is Task.REGRESSION else np.digitize(score, [0, 1][: len(schema.classes) - 1])
    )
    return Encoder(schema).encode_columns(columns), target


@pytest.mark.parametrize("family", list(EstimatorName))
@pytest.mark.parametrize("task", list(Task))
def test_the_exported_model_answers_like_the_trained_one(tmp_path: Path, task: Task, family: EstimatorName) -> None:
    schema = schema_of(task)
    matrix, target = data_of(schema)
    model = candidates(schema, ROWS, TrainingOptions(estimators=(family,)), threads=1)[0].pipeline.fit(matrix, target)
    assert_parity(tmp_path, schema, model, matrix)


@pytest.mark.parametrize("family", [EstimatorName.FOREST, EstimatorName.BOOSTING])
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_calibrated_models_answer_alike(tmp_path: Path, task: Task, family: EstimatorName) -> None:
    schema = schema_of(task)
    matrix, target = data_of(schema)
    choice = candidates(schema, ROWS, TrainingOptions(estimators=(family,)), threads=1)[0]
    assert_parity(tmp_path, schema, calibrated(choice.pipeline).fit(matrix, target), matrix)


def assert_parity(folder: Path, schema: ModelSchema, model: BaseEstimator, matrix: Matrix) -> None:
    loaded = export_skops(model, folder / "model.skops")
    check_skops(folder / "model.skops")
    export_onnx(model, matrix.shape[1], folder / "model.onnx")
    largest, tolerance = largest_difference(loaded, folder / "model.onnx", matrix)
    assert largest <= tolerance
    try_model(folder / "model.onnx", width=matrix.shape[1], outputs=len(schema.classes))


@pytest.mark.parametrize("model", [RandomForestClassifier(20, random_state=0), HistGradientBoostingClassifier()])
def test_values_on_a_threshold_go_the_same_way(tmp_path: Path, model: BaseEstimator) -> None:
    random = np.random.default_rng(2)
    matrix = (random.integers(0, 40, (ROWS, 3)) / 10).astype(np.float32)
    target = (matrix[:, 0] > matrix[:, 1]).astype(int)
    export_onnx(model.fit(matrix, target), 3, tmp_path / "model.onnx")
    grid = np.linspace(0, 4, 4_001, dtype=np.float32)  # has the middle between any two values, where thresholds are
    everywhere = np.column_stack([grid, grid[::-1], grid])
    assert largest_difference(model, tmp_path / "model.onnx", everywhere)[0] < 1e-5


def test_another_models_file_does_not_pass_for_it(tmp_path: Path) -> None:
    schema = schema_of(Task.BINARY)
    matrix, target = data_of(schema)
    choice = candidates(schema, ROWS, TrainingOptions(estimators=(EstimatorName.LINEAR,)), threads=1)[0]
    export_onnx(choice.pipeline.fit(matrix, 1 - target), matrix.shape[1], tmp_path / "model.onnx")
    largest, tolerance = largest_difference(choice.pipeline.fit(matrix, target), tmp_path / "model.onnx", matrix)
    assert largest > tolerance


def test_a_file_with_answers_of_another_shape_is_far_off(tmp_path: Path) -> None:
    matrix, target = data_of(schema_of(Task.MULTICLASS))
    choice = candidates(schema_of(Task.MULTICLASS), ROWS, TrainingOptions(estimators=(EstimatorName.LINEAR,)), 1)[0]
    export_onnx(choice.pipeline.fit(matrix, target), matrix.shape[1], tmp_path / "model.onnx")
    binary = choice.pipeline.fit(matrix, target > 0)
    assert largest_difference(binary, tmp_path / "model.onnx", matrix)[0] == float("inf")


def test_a_forest_of_a_hundred_trees_answers_one_row_in_far_less_than_a_millisecond(tmp_path: Path) -> None:
    schema = schema_of(Task.BINARY)
    matrix, target = data_of(schema)
    forest = candidates(schema, ROWS, TrainingOptions(estimators=(EstimatorName.FOREST,)), threads=1)[0].pipeline
    export_onnx(forest.fit(matrix, target), matrix.shape[1], tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), session_options())
    took = []
    for _ in range(300):
        started = time.perf_counter()
        session.run(None, {"features": matrix[:1]})
        took.append(time.perf_counter() - started)
    assert np.median(took) < 100e-6
