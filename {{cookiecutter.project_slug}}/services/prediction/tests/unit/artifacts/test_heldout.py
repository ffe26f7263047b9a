from pathlib import Path

import numpy as np
import pytest

from prediction.artifacts.columns import columns_of
from prediction.artifacts.heldout import HeldOut, load_held_out, save_held_out
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task

FEATURES = (
    Feature(name="age", kind=FeatureKind.NUMERIC),
    Feature(name="city", kind=FeatureKind.CATEGORY, categories=("Oslo",)),
    Feature(name="when", kind=FeatureKind.DATETIME),
)


@pytest.mark.parametrize(
    ("task", "classes", "target"),
    [
        (Task.REGRESSION, (), np.array([1.5, 2.5])),
        (Task.BINARY, ("no", "yes"), np.array(["yes", "no"], dtype=object)),
    ],
)
def test_rows_come_back_as_they_were(tmp_path: Path, task: Task, classes: tuple[str, ...], target: np.ndarray) -> None:
    schema = ModelSchema(task=task, target="y", features=FEATURES, classes=classes)
    rows = [{"age": 1, "city": "Oslo", "when": 60}, {"age": None, "city": None, "when": None}]
    columns = columns_of(FEATURES, rows)
    save_held_out(tmp_path, HeldOut(columns, target))
    back = load_held_out(tmp_path, schema)
    assert back.target.tolist() == target.tolist()
    for name, column in columns.items():
        np.testing.assert_array_equal(back.columns[name], column)
