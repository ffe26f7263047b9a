"""How good a model is on rows it has never seen, and how sure that is."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import precision_recall_curve

from prediction.artifacts.schema import Task
from prediction.registry.gate import SMALLEST_PROBABILITY
from prediction.training.records import Metric
from prediction.training.scoring import Numbers

Answers = NDArray[np.generic]
Measure = Callable[[Answers, Numbers], float]
CELLS = 3_000_000  # rows x resamples: the bootstrap of a large test set needs fewer resamples
MOST_RESAMPLES, FEWEST_RESAMPLES = 1_000, 100


def measures_for(task: Task, classes: int) -> Mapping[str, Measure]:
    """Return the measures that are reported for a task.

    They are written out here because the bootstrap takes each of them a thousand times: scikit-learn's own, which give
    the same values, spend milliseconds on checking their arguments.
    """
    if task is Task.REGRESSION:
        return {
            "rmse": lambda true, value: float(np.sqrt(np.mean((true - value) ** 2))),
            "mae": lambda true, value: float(np.mean(np.abs(true - value))),
            "r2": lambda true, value: float(1 - np.mean((true - value) ** 2) / np.var(true)),
        }
    common: dict[str, Measure] = {
        "log_loss": _log_loss,
        "accuracy": lambda true, shares: float(np.mean(true == shares.argmax(axis=1))),
        "balanced_accuracy": _balanced_accuracy,
    }
    if task is Task.MULTICLASS:
        return common | {"macro_f1": lambda true, shares: float(np.mean(_f1_scores(true, shares, classes)))}
    return common | {
        "roc_auc": _roc_auc,
        "average_precision": _average_precision,
        "brier": lambda true, shares: float(np.mean((true - shares[:, 1]) ** 2)),
        "f1": lambda true, shares: float(_f1_scores(true, shares, classes)[1]),
    }


def evaluate(task: Task, answers: Answers, predicted: Numbers, classes: int, seed: int) -> dict[str, Metric]:
    """Measure held-out predictions, with intervals. A measure that the test set does not define is left out."""
    chosen = measures_for(task, classes)
    if task is not Task.REGRESSION and len(np.unique(answers)) < 2:
        chosen = {name: measure for name, measure in chosen.items() if name in ("log_loss", "accuracy")}
    samples = _resamples(answers, task, seed)
    return {name: _with_interval(measure, answers, predicted, samples) for name, measure in chosen.items()}


def best_threshold(answers: Answers, shares: Numbers) -> float:
    """Return the probability of the second class from which calling it gives the best F1 score."""
    precision, recall, thresholds = precision_recall_curve(answers, shares[:, 1])
    total = precision + recall
    scores = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    return float(thresholds[int(np.argmax(scores[:-1]))])


def _with_interval(measure: Measure, answers: Answers, predicted: Numbers, samples: list[NDArray[np.intp]]) -> Metric:
    values = [measure(answers[rows], predicted[rows]) for rows in samples]
    low, high = np.quantile(values, [0.025, 0.975]) if values else (np.nan, np.nan)
    return Metric(value=measure(answers, predicted), low=float(low), high=float(high))


def _resamples(answers: Answers, task: Task, seed: int) -> list[NDArray[np.intp]]:
    random = np.random.default_rng(seed)
    count = int(np.clip(CELLS // len(answers), FEWEST_RESAMPLES, MOST_RESAMPLES))
    samples = [random.integers(0, len(answers), len(answers)) for _ in range(count)]
    needed = 2 if task is not Task.REGRESSION and len(np.unique(answers)) > 1 else 1
    if task is Task.REGRESSION and len(answers) > 1:
        needed = 2  # R2 is not defined on equal answers
    return [rows for rows in samples if len(np.unique(answers[rows])) >= needed]


def _balanced_accuracy(answers: Answers, shares: Numbers) -> float:
    hits = answers == shares.argmax(axis=1)
    return float(np.mean([hits[answers == label].mean() for label in np.unique(answers)]))


def _log_loss(answers: Answers, shares: Numbers) -> float:
    given = shares[np.arange(len(answers)), answers.astype(np.intp)]
    return float(-np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0)).mean())


def _roc_auc(answers: Answers, shares: Numbers) -> float:
    """Return the share of pairs of rows that are ranked rightly (the Mann-Whitney statistic)."""
    hits = answers == 1
    positives = int(hits.sum())
    ranks = rankdata(shares[:, 1])
    return float((ranks[hits].sum() - positives * (positives + 1) / 2) / (positives * (len(answers) - positives)))


def _average_precision(answers: Answers, shares: Numbers) -> float:
    """Return the sum of the precision at each threshold, weighted by the growth of recall."""
    order = np.argsort(-shares[:, 1], kind="stable")
    scores, hits = shares[order, 1], np.cumsum(answers[order] == 1)
    last_of_equals = np.flatnonzero(np.diff(scores, append=-np.inf))
    found = hits[last_of_equals]
    precision = found / (last_of_equals + 1)
    return float(np.sum(np.diff(found, prepend=0) * precision) / hits[-1])


def _f1_scores(answers: Answers, shares: Numbers, classes: int) -> Numbers:
    """Return the F1 score of each class; 0 for one that is neither predicted nor there."""
    predicted = shares.argmax(axis=1)
    hits = np.bincount(predicted[predicted == answers], minlength=classes)
    total = np.bincount(predicted, minlength=classes) + np.bincount(answers.astype(np.intp), minlength=classes)
    scores: Numbers = np.divide(2 * hits, total, out=np.zeros(classes), where=total > 0)
    return scores
