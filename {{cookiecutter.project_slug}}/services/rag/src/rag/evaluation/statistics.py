"""Confidence by resampling: how much a mean over these questions would move with other questions of the same kind.

Percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, chapters 13 and 16). Scores are a matrix
of cases by metrics; NaN where a metric does not apply to a case. The generator is seeded, so the same scores give the
same intervals.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
LOW, HIGH = 2.5, 97.5
"""Percentiles of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % interval; all three are NaN when no case counts."""

    value: float
    low: float
    high: float


def mean_intervals(scores: Scores, *, seed: int, resamples: int) -> list[Interval]:
    """Return the mean of each column."""
    means = _resampled(scores, _draws(len(scores), seed, resamples))
    return _intervals(_means(scores), means)


def difference_intervals(first: Scores, second: Scores, *, seed: int, resamples: int) -> list[Interval]:
    """Return by how much the means of `second` exceed those of `first`, which are scores of the same cases in order.

    Both are resampled with the same draws: what is hard in a question is hard for both, so it cancels out.
    """
    if first.shape != second.shape:
        raise ValueError("a paired comparison needs the same cases and metrics on both sides")
    draws = _draws(len(first), seed, resamples)
    differences = _resampled(second, draws) - _resampled(first, draws)
    return _intervals(_means(second) - _means(first), differences)


def _draws(cases: int, seed: int, resamples: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, max(cases, 1), size=(resamples, cases))


def _resampled(scores: Scores, draws: npt.NDArray[np.int64]) -> Scores:
    """Return the means of each resample, shape (resamples, metrics).

    Drawing a case n times is weighing it n times, so all resamples are two products of matrices.
    """
    times = np.stack([np.bincount(draw, minlength=len(scores)) for draw in draws]).astype(np.float64)
    return _ratio(times @ np.nan_to_num(scores), times @ (~np.isnan(scores)).astype(np.float64))


def _means(scores: Scores) -> Scores:
    return _ratio(np.nan_to_num(scores).sum(axis=0), (~np.isnan(scores)).sum(axis=0).astype(np.float64))


def _ratio(sums: Scores, counts: Scores) -> Scores:
    ratio: Scores = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return ratio


def _intervals(values: Scores, resampled: Scores) -> list[Interval]:
    found = []
    for value, column in zip(values, resampled.T, strict=True):
        usable = column[~np.isnan(column)]
        low, high = np.percentile(usable, (LOW, HIGH)) if usable.size else (np.nan, np.nan)
        found.append(Interval(float(value), float(low), float(high)))
    return found
