"""The result of an evaluation: what was configured, metrics with intervals, and every question with its scores."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from pydantic import BaseModel, Field, JsonValue

from rag.evaluation.cases import Kind
from rag.evaluation.scoring import METRICS
from rag.evaluation.statistics import Interval, Scores, difference_intervals, mean_intervals

SEED = 20
RESAMPLES = 1000
Configuration: TypeAlias = dict[str, JsonValue]


class Estimate(BaseModel):
    """A metric with its 95 % interval, over the cases that it applies to."""

    value: float
    low: float
    high: float
    cases: int


class Difference(BaseModel):
    """By how much a metric of the second configuration exceeds that of the first, on the same questions."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    verdict: str = Field(description="`better`, `worse`, or `not shown` when the 95 % interval holds 0.")


class Timing(BaseModel):
    """Milliseconds on this machine at this time. They are not metrics: the next run has others."""

    p50: float
    p95: float


class CitedPlace(BaseModel):
    """A citation of an answer."""

    document: str
    page: int
    heading: list[str]


class Row(BaseModel):
    """One question."""

    id: str
    kind: Kind
    question: str
    expected: str
    answer: str | None
    abstained: bool | None
    model: str | None = Field(default=None, description="What answered; earlier evaluations do not say it.")
    prompt: str | None = Field(default=None, description="Name and version of the prompt.")
    found: list[str] = Field(description="Documents and headings of the passages, best first.")
    citations: list[CitedPlace]
    scores: dict[str, float]
    error: str | None
    judge: str | None


class Report(BaseModel):
    """An evaluation of one configuration."""

    configuration: Configuration
    cases: int
    metrics: dict[str, Estimate]
    kinds: dict[Kind, dict[str, Estimate]]
    timings_ms: dict[str, Timing]
    rows: list[Row]


class Comparison(BaseModel):
    """Two configurations on the same questions."""

    first: Configuration
    second: Configuration
    metrics: dict[str, Difference]
    timings_ms: dict[str, tuple[float, float]] = Field(description="Medians of the first and of the second.")


def summarise(rows: Sequence[Row]) -> tuple[dict[str, Estimate], dict[Kind, dict[str, Estimate]]]:
    """Return the metrics of all rows, and those of each kind of question."""
    kinds = [kind for kind in Kind if any(row.kind is kind for row in rows)]
    return _estimates(rows), {kind: _estimates([row for row in rows if row.kind is kind]) for kind in kinds}


def compare(first: Report, second: Report) -> Comparison:
    """Compare two evaluations of the same questions in the same order."""
    if [row.id for row in first.rows] != [row.id for row in second.rows]:
        raise ValueError("only evaluations of the same questions can be compared")
    names = [name for name in METRICS if name in first.metrics and name in second.metrics]
    intervals = difference_intervals(
        _matrix(first.rows, names), _matrix(second.rows, names), seed=SEED, resamples=RESAMPLES
    )
    return Comparison(
        first=first.configuration,
        second=second.configuration,
        metrics={
            name: _difference(name, first.metrics[name].value, second.metrics[name].value, interval)
            for name, interval in zip(names, intervals, strict=True)
        },
        timings_ms={
            name: (first.timings_ms[name].p50, second.timings_ms[name].p50)
            for name in first.timings_ms
            if name in second.timings_ms
        },
    )


def estimate(scores: Sequence[float]) -> Estimate:
    """Return the mean of some scores with its interval; there must be one at least."""
    (found,) = mean_intervals(np.array(scores, dtype=np.float64).reshape(-1, 1), seed=SEED, resamples=RESAMPLES)
    return Estimate(value=_round(found.value), low=_round(found.low), high=_round(found.high), cases=len(scores))


def timing(milliseconds: Sequence[float]) -> Timing:
    """Return median and 95th percentile."""
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return Timing(p50=round(float(p50), 2), p95=round(float(p95), 2))


def _estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    names = [name for name in METRICS if any(name in row.scores for row in rows)]
    if not names:
        return {}
    scores = _matrix(rows, names)
    counts = (~np.isnan(scores)).sum(axis=0).tolist()
    intervals = mean_intervals(scores, seed=SEED, resamples=RESAMPLES)
    return {
        name: Estimate(value=_round(found.value), low=_round(found.low), high=_round(found.high), cases=count)
        for name, found, count in zip(names, intervals, counts, strict=True)
    }


def _matrix(rows: Sequence[Row], names: Sequence[str]) -> Scores:
    return np.array([[row.scores.get(name, math.nan) for name in names] for row in rows], dtype=np.float64)


def _difference(name: str, first: float, second: float, interval: Interval) -> Difference:
    low, high = _round(interval.low), _round(interval.high)
    verdict = "not shown"
    if low > 0 or high < 0:
        verdict = "better" if (low > 0) is METRICS[name].more_is_better else "worse"
    return Difference(
        first=first, second=second, difference=_round(interval.value), low=low, high=high, verdict=verdict
    )


def _round(value: float) -> float:
    return round(value, 6)
