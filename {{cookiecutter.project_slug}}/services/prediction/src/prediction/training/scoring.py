"""What "better" means: the score by which candidates are compared."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.metrics import average_precision_score, log_loss, mean_squared_error, roc_auc_score

from prediction.artifacts.encoder import Matrix
from prediction.artifacts.schema import Task

RARE = 0.1  # share of the smaller class below which a binary task counts as imbalanced
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """A named score; `sign` is -1 when lower is better."""

    name: str
    sign: int
    compute: Callable[[NDArray[np.generic], Numbers], float]

    def of(self, answers: NDArray[np.generic], predicted: Numbers) -> float:
        """Return the score times its sign, so that higher is better."""
        return self.sign * self.compute(answers, predicted)


def score_for(task: Task, answers: NDArray[np.generic]) -> Score:
    """Return the score that suits the task: for a rare positive class, one that looks at that class."""
    if task is Task.REGRESSION:
        return Score("root mean squared error", -1, lambda true, value: float(np.sqrt(mean_squared_error(true, value))))
    if task is Task.MULTICLASS:
        labels = np.unique(answers)
        return Score("log loss", -1, lambda true, shares: float(log_loss(true, shares, labels=labels)))
    if is_imbalanced(answers):
        return Score("average precision", 1, lambda true, shares: float(average_precision_score(true, shares[:, 1])))
    return Score("ROC AUC", 1, lambda true, shares: float(roc_auc_score(true, shares[:, 1])))


def is_imbalanced(answers: NDArray[np.generic]) -> bool:
    """Return whether the rarest class has less than a tenth of the rows."""
    _, counts = np.unique(answers, return_counts=True)
    return bool(counts.min() < RARE * counts.sum())


def predict(model: BaseEstimator, matrix: Matrix, task: Task) -> Numbers:
    """Return probabilities that sum to one in double precision, or values for regression."""
    if task is Task.REGRESSION:
        return np.asarray(model.predict(matrix), dtype=np.float64)
    return normalised(model.predict_proba(matrix))


def normalised(shares: NDArray[np.floating]) -> Numbers:
    """Return probabilities in double precision, each row summing to one."""
    exact = shares.astype(np.float64)
    rows: Numbers = exact / exact.sum(axis=1, keepdims=True)
    return rows
