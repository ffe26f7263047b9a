"""Comparison of candidates by cross-validation."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from prediction.artifacts.encoder import Matrix
from prediction.artifacts.schema import Task
from prediction.training.candidates import Candidate
from prediction.training.options import TrainingOptions
from prediction.training.records import Trial
from prediction.training.scoring import Numbers, Score, predict, score_for
from prediction.training.split import Folds, Rows, cross_validation

SEARCH_ROWS = 10_000  # more do not change which family wins, and cost minutes
FEW_FOLDS_FROM = 5_000
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The winner (not fitted), the comparison, and the winner's answers to rows that it had not seen."""

    winner: Candidate
    trials: tuple[Trial, ...]
    score_name: str
    rows: int
    folds: int
    notes: tuple[str, ...]
    unseen_rows: Rows  # positions in the training rows
    unseen_answers: Numbers


def search(
    candidates: Sequence[Candidate],
    matrix: Matrix,
    answers: NDArray[np.generic],
    task: Task,
    options: TrainingOptions,
    progress: Progress,
) -> SearchResult:
    """Compare candidates on (at most `SEARCH_ROWS` of) the training rows."""
    rows = search_rows(answers, task, options)
    matrix, answers = matrix[rows], answers[rows]
    folds = cross_validation(answers, task, options, _fold_count(answers, task, options))
    score = score_for(task, answers)
    started = time.monotonic()
    best: tuple[float, Candidate, Numbers] | None = None
    trials: list[Trial] = []
    for number, candidate in enumerate(candidates):
        if best and options.time_limit_seconds is not None and time.monotonic() - started > options.time_limit_seconds:
            break
        progress(number / len(candidates), f"trying {candidate.name} ({number + 1} of {len(candidates)})")
        trial, mean, unseen = _try(candidate, matrix, answers, task, score, folds)
        trials.append(trial)
        if best is None or mean > best[0]:
            best = (mean, candidate, unseen)
    if best is None:
        raise AssertionError("there is at least one candidate")
    tested = np.sort(np.concatenate([test for _, test in folds]))
    return SearchResult(
        winner=best[1],
        trials=tuple(trials),
        score_name=score.name,
        rows=len(rows),
        folds=len(folds),
        notes=tuple(_notes(candidates, trials, options)),
        unseen_rows=rows[tested],
        unseen_answers=best[2][tested],
    )


def search_rows(answers: NDArray[np.generic], task: Task, options: TrainingOptions) -> Rows:
    """Return the rows to search on: all, the newest ones when ordered, else a sample that keeps rare classes."""
    count = len(answers)
    if count <= SEARCH_ROWS:
        return np.arange(count)
    if options.ordered:
        return np.arange(count - SEARCH_ROWS, count)
    random = np.random.default_rng(options.seed)
    if task is Task.REGRESSION:
        return np.sort(random.permutation(count)[:SEARCH_ROWS])
    kept: list[Rows] = []
    for label in np.unique(answers):
        of_class = np.flatnonzero(answers == label)
        share = max(min(len(of_class), 30), round(len(of_class) * SEARCH_ROWS / count))
        kept.append(random.permutation(of_class)[:share])
    return np.sort(np.concatenate(kept))


def _try(
    candidate: Candidate, matrix: Matrix, answers: NDArray[np.generic], task: Task, score: Score, folds: Folds
) -> tuple[Trial, float, Numbers]:
    started = time.monotonic()
    width = () if task is Task.REGRESSION else (len(np.unique(answers)),)
    unseen = np.full((len(answers), *width), np.nan)
    scores = []
    for train, test in folds:
        model: BaseEstimator = clone(candidate.pipeline).fit(matrix[train], answers[train])
        unseen[test] = predict(model, matrix[test], task)
        scores.append(score.of(answers[test], unseen[test]))
    mean, deviation = float(np.mean(scores)), float(np.std(scores))
    seconds = time.monotonic() - started
    trial = Trial(candidate.name, candidate.family, score.sign * mean, deviation, round(seconds, 2))
    return trial, mean, unseen


def _fold_count(answers: NDArray[np.generic], task: Task, options: TrainingOptions) -> int:
    folds = min(options.folds, 3) if len(answers) > FEW_FOLDS_FROM else options.folds
    if task is Task.REGRESSION:
        return folds
    return max(2, min(folds, int(np.unique(answers, return_counts=True)[1].min())))


def _notes(candidates: Sequence[Candidate], trials: Sequence[Trial], options: TrainingOptions) -> list[str]:
    left = [candidate.name for candidate in candidates[len(trials) :]]
    if not left:
        return []
    return [f"not tried because of the limit of {options.time_limit_seconds:g} s: {', '.join(left)}"]
