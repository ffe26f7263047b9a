"""From a fitted scikit-learn model to files: ONNX, which serves, and skops, which scikit-learn can load again.

Both are proved to be the fitted model: skops by loading it with a list of trusted types, ONNX by answering the same
rows. All data is single precision before fitting, so no threshold of a tree lies between a value and its rounded form.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import skops.io
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.operator_converters.random_forest import (
    convert_sklearn_random_forest_classifier,
    convert_sklearn_random_forest_regressor_converter,
)
from sklearn.base import BaseEstimator, is_classifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from prediction.artifacts.encoder import Matrix
from prediction.artifacts.scorer import INPUT, PROBABILITIES, VALUE, session_options
from prediction.artifacts.trusted import EXTRA_TYPES

PROBABILITY_TOLERANCE = 1e-4
VALUE_TOLERANCE = 1e-4  # in standard deviations of the answers
OPSETS = {"": 21, "ai.onnx.ml": 3}


def export_skops(model: BaseEstimator, path: Path) -> BaseEstimator:
    """Write a model and return what loading it again gives; skops refuses types that are not trusted."""
    skops.io.dump(model, path)
    loaded: BaseEstimator = skops.io.load(path, trusted=list(EXTRA_TYPES))
    return loaded


def export_onnx(model: BaseEstimator, width: int, path: Path) -> None:
    """Write a model with one input `features` [rows, width] and one output, `probabilities` or `value`."""
    graph = convert_sklearn(
        model,
        name="model",  # without a name, a random one makes equal models differ
        initial_types=[(INPUT, FloatTensorType([None, width]))],
        options={id(model): {"zipmap": False}} if is_classifier(model) else None,
        target_opset=OPSETS,
        custom_conversion_functions={
            HistGradientBoostingClassifier: _convert_boosting(convert_sklearn_random_forest_classifier),
            HistGradientBoostingRegressor: _convert_boosting(convert_sklearn_random_forest_regressor_converter),
        },
    )
    path.write_bytes(_single_output(graph, classifier=is_classifier(model)).SerializeToString())


def largest_difference(model: BaseEstimator, onnx_path: Path, matrix: Matrix) -> tuple[float, float]:
    """Return the largest difference between the model and its ONNX form on some rows, and the tolerance for it."""
    session = onnxruntime.InferenceSession(str(onnx_path), session_options(), providers=["CPUExecutionProvider"])
    (answers,) = session.run(None, {INPUT: matrix})
    if is_classifier(model):
        return _gap(model.predict_proba(matrix), answers), PROBABILITY_TOLERANCE
    values = model.predict(matrix)
    spread = float(np.std(values)) or abs(float(np.mean(values))) or 1.0
    return _gap(values, answers), VALUE_TOLERANCE * spread


def _gap(expected: NDArray[np.float64], answers: NDArray[np.float32]) -> float:
    if expected.shape != answers.shape or not np.isfinite(answers).all():
        return float("inf")
    return float(np.abs(expected - answers).max())


def _single_output(graph: ModelProto, *, classifier: bool) -> ModelProto:
    """Keep the output that is used. skl2onnx gives labels as well, and values as a table of one column."""
    outputs = graph.graph.output
    source = outputs[-1].name
    del outputs[:]
    if classifier:
        if source != PROBABILITIES:
            raise ValueError(f"the exported classifier answers {source!r} instead of {PROBABILITIES!r}")
        outputs.append(helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, [None, None]))
    else:
        graph.graph.initializer.append(helper.make_tensor("value_axis", TensorProto.INT64, [1], [1]))
        graph.graph.node.append(helper.make_node("Squeeze", [source, "value_axis"], [VALUE]))
        outputs.append(helper.make_tensor_value_info(VALUE, TensorProto.FLOAT, [None]))
    checker.check_model(graph)
    return graph


def _convert_boosting(convert: Any) -> Any:  # noqa: ANN401 - converters have no declared type
    """Wrap skl2onnx's converter, which puts booleans where onnx 1.23 asks for integers, and rounds thresholds up."""

    def convert_exactly(scope: object, operator: Any, container: object) -> None:  # noqa: ANN401 - as above
        for trees in operator.raw_operator._predictors:
            for tree in trees:
                tree.nodes["num_threshold"] = _rounded_down(tree.nodes["num_threshold"])
        convert(scope, operator, _IntegerFlags(container), op_version=OPSETS["ai.onnx.ml"])

    return convert_exactly


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest single-precision numbers that are not above the thresholds.

    For a value `x` in single precision, `x <= threshold` stays what it was, so the trained model answers as before; and
    ONNX, which holds thresholds in single precision, compares with the very same numbers.
    """
    limit = np.finfo(np.float32).max
    rounded = np.clip(thresholds, -limit, limit).astype(np.float32)
    too_high = rounded > thresholds
    rounded[too_high] = np.nextafter(rounded[too_high], np.float32(-np.inf))
    return rounded.astype(np.float64)


class _IntegerFlags:
    """A container of nodes that turns the flags of missing values into integers."""

    def __init__(self, container: object) -> None:
        self._container = container

    def __getattr__(self, name: str) -> object:
        return getattr(self._container, name)

    def add_node(self, *args: object, **attributes: Any) -> None:  # noqa: ANN401 - of many types
        flags = "nodes_missing_value_tracks_true"
        if flags in attributes:
            attributes[flags] = [int(flag) for flag in attributes[flags]]
        self._container.add_node(*args, **attributes)  # type: ignore[attr-defined]  # see the class's description
