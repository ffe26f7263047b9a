"""The columns that scoring adds to a file."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from prediction.artifacts.encoder import Matrix
from prediction.artifacts.schema import ClassKind, ModelSchema, Task
from prediction.artifacts.scorer import Scorer

PREDICTION, PROBABILITY, ERROR = "prediction", "probability", "prediction_error"
_LABEL_TYPES = {ClassKind.STRING: pa.string(), ClassKind.INTEGER: pa.int64(), ClassKind.BOOLEAN: pa.bool_()}


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Some rows with their answers; a row with a fault has none."""

    faults: dict[int, str]  # by position, what is wrong with the row
    answers: list[pa.Array]  # in the order of `answer_schema`


def answer_schema(schema: ModelSchema, *, errors: bool) -> pa.Schema:
    """Return names and types of the added columns: the answer, its probability, the probability of each class."""
    fields = [(PREDICTION, pa.float64())]
    if schema.task is not Task.REGRESSION:
        fields = [(PREDICTION, _LABEL_TYPES[schema.class_kind]), (PROBABILITY, pa.float64())]
        fields += [(f"{PROBABILITY}_{name}", pa.float64()) for name in schema.classes]
    if errors:
        fields.append((ERROR, pa.string()))
    return pa.schema(fields)


def score(scorer: Scorer, matrix: Matrix, faults: dict[int, str], *, errors: bool) -> ScoredRows:
    """Run the model over rows. Those with a fault, and those without a finite answer, are left empty."""
    outputs = scorer.predict(matrix).astype(np.float64)
    finite = np.isfinite(outputs) if outputs.ndim == 1 else np.isfinite(outputs).all(axis=1)
    for at in np.flatnonzero(~finite).tolist():
        faults.setdefault(at, "the model has no finite answer to this row")
    empty = np.zeros(len(matrix), dtype=bool)
    empty[list(faults)] = True
    columns = _columns(scorer.schema, outputs, empty)
    if errors:
        columns.append(pa.array([faults.get(at) for at in range(len(matrix))], pa.string()))
    return ScoredRows(faults, columns)


def _columns(schema: ModelSchema, outputs: NDArray[np.float64], empty: NDArray[np.bool_]) -> list[pa.Array]:
    if schema.task is Task.REGRESSION:
        return [pa.array(outputs, mask=empty)]
    best = outputs.argmax(axis=1)
    labels = pa.array([schema.label(at) for at in range(len(schema.classes))], _LABEL_TYPES[schema.class_kind])
    positions = pa.array(best, mask=empty)
    probabilities = [pa.array(np.ascontiguousarray(column), mask=empty) for column in outputs.T]
    return [labels.take(positions), pa.array(outputs.max(axis=1), mask=empty), *probabilities]
