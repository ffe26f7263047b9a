"""What a model leans on, and where it is weak. Both are measured on the held-out rows with the exported model."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from prediction.artifacts.columns import Column, Columns, missing
from prediction.artifacts.encoder import Matrix
from prediction.artifacts.heldout import HeldOut
from prediction.artifacts.schema import Feature, FeatureKind, Task
from prediction.artifacts.scorer import Scorer
from prediction.registry.gate import Losses, log_losses

IMPORTANCE_ROWS = 2_000
IMPORTANCE_CELLS = 100_000  # features x repeats x rows of one measurement is kept near this by repeating less
SMALLEST_SLICE = 30  # rows
WORST = 8
MOST_VALUES = 50


class Importance(BaseModel):
    """How much the mean loss grows when a feature's values are shuffled; about 0 for a feature without effect."""

    model_config = ConfigDict(frozen=True)

    feature: str
    loss_increase: float
    deviation: float


class Slice(BaseModel):
    """A part of the held-out rows on which the model does worse than on the whole."""

    model_config = ConfigDict(frozen=True)

    feature: str
    value: str
    rows: int
    loss: float
    ratio: float  # to the loss on all rows


def row_losses(task: Task, classes: tuple[str, ...], predicted: NDArray[np.float32], target: Column) -> Losses:
    """Return the loss on each row: squared error, or log loss."""
    if task is Task.REGRESSION:
        return np.square(predicted.astype(np.float64) - target.astype(np.float64))
    return log_losses(predicted, classes, target)


def importances(scorer: Scorer, matrix: Matrix, target: Column, seed: int) -> list[Importance]:
    """Shuffle each feature in turn (permutation importance; Breiman 2001) and return the largest effects first."""
    schema = scorer.schema
    rows = np.random.default_rng(seed).permutation(len(matrix))[:IMPORTANCE_ROWS]
    matrix, target = matrix[rows], target[rows]
    base = row_losses(schema.task, schema.classes, scorer.predict(matrix), target).mean()
    repeats = int(np.clip(IMPORTANCE_CELLS * 5 // max(1, len(schema.features) * len(matrix)), 1, 5))
    found = []
    for at, feature in enumerate(schema.features):
        positions = [column for column, source in enumerate(scorer.encoder.sources) if source == at]
        random = np.random.default_rng([seed, at])
        increases = []
        for _ in range(repeats):
            shuffled = matrix.copy()
            shuffled[:, positions] = matrix[random.permutation(len(matrix))][:, positions]
            losses = row_losses(schema.task, schema.classes, scorer.predict(shuffled), target)
            increases.append(losses.mean() - base)
        found.append(
            Importance(
                feature=feature.name, loss_increase=float(np.mean(increases)), deviation=float(np.std(increases))
            )
        )
    return sorted(found, key=lambda entry: -entry.loss_increase)


def worst_slices(features: Sequence[Feature], held_out: HeldOut, losses: Losses) -> list[Slice]:
    """Return the categories, and quarters of numeric ranges, with the highest mean loss, worst first."""
    overall = float(losses.mean())
    found = [
        Slice(
            feature=feature.name, value=value, rows=int(mask.sum()), loss=loss, ratio=loss / overall if overall else 1.0
        )
        for feature in features
        for value, mask in _parts(feature, held_out.columns)
        if mask.sum() >= SMALLEST_SLICE and (loss := float(losses[mask].mean())) > overall
    ]
    return sorted(found, key=lambda entry: -entry.loss)[:WORST]


def _parts(feature: Feature, columns: Columns) -> list[tuple[str, NDArray[np.bool_]]]:
    column = columns[feature.name]
    absent = missing(column)
    parts = [("missing", absent)] if absent.any() else []
    if feature.kind is FeatureKind.CATEGORY:
        return parts + [(value, column == value) for value in feature.categories[:MOST_VALUES]]
    if feature.kind is FeatureKind.BOOLEAN:
        return [*parts, ("true", column == 1), ("false", column == 0)]
    known = column[~absent]
    if len(known) < 4 * SMALLEST_SLICE:
        return parts
    edges = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1]))
    pairs = pairwise(edges)
    return parts + [(f"{low:g} to {high:g}", (column >= low) & (column <= high)) for low, high in pairs]
