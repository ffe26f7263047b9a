"""Columns that give the answer away.

The rule: a small decision tree (at most 32 leaves) that sees nothing but this column predicts the target almost
perfectly on rows it was not fitted on (balanced accuracy of at least 0.999), or the column puts the rows in the same
order as a numeric target (rank correlation of at least 0.9999). With fewer than 100 rows, where a good feature may do
that by chance, the column must also have no more values than there are classes.
"""

import numpy as np
from scipy.stats import spearmanr
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from prediction.artifacts.encoder import Encoder, Matrix
from prediction.artifacts.schema import Task
from prediction.training.target import Target

ROWS = 5_000
FEW_ROWS = 100
NEARLY_PERFECT = 0.999
SAME_ORDER = 0.9999


def leaking_features(encoder: Encoder, matrix: Matrix, target: Target, seed: int) -> list[str]:
    """Return the names of the features that predict the target on their own."""
    rows = np.sort(np.random.default_rng(seed).permutation(len(matrix))[:ROWS])
    leaks = dict.fromkeys(
        encoder.features[encoder.sources[at]].name
        for at in range(encoder.width)
        if _leaks(matrix[rows, at], target.values[rows], target.task, seed)
    )
    return list(leaks)


def _leaks(column: Matrix, answers: np.ndarray, task: Task, seed: int) -> bool:
    known = ~np.isnan(column)
    if known.mean() < 0.5:
        return False
    if task is Task.REGRESSION:
        return _same_order(column[known], answers[known])
    if len(column) < FEW_ROWS and len(np.unique(column[known])) > len(np.unique(answers)):
        return False
    smallest = np.bincount(answers).min(initial=len(answers), where=np.bincount(answers) > 0)
    if smallest < 2:
        return False
    tree = DecisionTreeClassifier(max_leaf_nodes=32, class_weight="balanced", random_state=seed)
    folds = StratifiedKFold(2, shuffle=True, random_state=seed)
    scores = cross_val_score(tree, column.reshape(-1, 1), answers, cv=folds, scoring="balanced_accuracy")
    return bool(scores.mean() >= NEARLY_PERFECT)


def _same_order(column: Matrix, answers: np.ndarray) -> bool:
    if len(np.unique(column)) < 3 or len(np.unique(answers)) < 3:
        return False
    return abs(float(spearmanr(column, answers).statistic)) >= SAME_ORDER
