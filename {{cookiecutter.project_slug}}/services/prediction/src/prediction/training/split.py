"""Which rows are held out, and how the others are divided for cross-validation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

from prediction.artifacts.encoder import Matrix
from prediction.artifacts.schema import Task
from prediction.training.options import TrainingOptions
from prediction.training.preparation import Prepared

Rows = NDArray[np.intp]
Folds = Sequence[tuple[Rows, Rows]]


def hold_out(prepared: Prepared, options: TrainingOptions) -> tuple[Rows, Rows]:
    """Return the rows to train on and the rows to test on, both in order.

    Rows ordered in time: the newest are the test. Otherwise the choice depends on the content of a row: of each class,
    the rows with the smallest hash. So repeated rows fall on the same side, and a later training on more data of the
    same kind holds out the same rows again, which keeps comparisons with its predecessors fair.
    """
    count = len(prepared.matrix)
    if options.ordered:
        start = count - max(1, round(count * options.test_fraction))
        return np.arange(start), np.arange(start, count)
    hashes = row_hashes(prepared.matrix, prepared.target.values, options.seed)
    strata = np.zeros(count, dtype=np.int64) if prepared.target.task is Task.REGRESSION else prepared.target.values
    test = np.zeros(count, dtype=bool)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        share = max(1, round(len(rows) * options.test_fraction))
        test[rows[np.argsort(hashes[rows], kind="stable")[:share]]] = True
    return np.flatnonzero(~test), np.flatnonzero(test)


def row_hashes(matrix: Matrix, answers: NDArray[np.generic], seed: int) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each row (the finaliser is that of SplitMix64)."""
    values = np.column_stack([matrix, answers.astype(np.float32)]) + np.float32(0)  # makes -0 the same as 0
    cells = np.ascontiguousarray(values).view(np.uint32).astype(np.uint64)
    weights = np.random.default_rng(seed).integers(0, 2**63, size=cells.shape[1], dtype=np.uint64)
    mixed = (cells * (weights * np.uint64(2) + np.uint64(1))).sum(axis=1, dtype=np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    hashes: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return hashes


def cross_validation(answers: NDArray[np.generic], task: Task, options: TrainingOptions, folds: int) -> Folds:
    """Divide training rows into folds: stratified by class, or along time when rows are ordered."""
    if options.ordered:
        along_time = TimeSeriesSplit(folds).split(np.zeros((len(answers), 1)))
        usable = [fold for fold in along_time if task is Task.REGRESSION or _all_classes(answers, *fold)]
        if usable:
            return usable
    if task is Task.REGRESSION:
        return list(KFold(folds, shuffle=True, random_state=options.seed).split(answers))
    return list(StratifiedKFold(folds, shuffle=True, random_state=options.seed).split(answers, answers))


def _all_classes(answers: NDArray[np.generic], train: Rows, test: Rows) -> bool:
    return len(np.unique(answers[train])) == len(np.unique(answers)) and len(np.unique(answers[test])) > 1
