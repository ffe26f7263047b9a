"""The measures of drift. Each compares counts of the training data with counts of today's.

An effect size (how different?) and a p-value (could chance do this?) are both needed: with few rows chance makes large
differences, with many rows the smallest difference is certain and still does not matter.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

SMALLEST_EXPECTED = 5.0  # below it the chi-square distribution is a poor approximation (Cochran's rule)


def population_stability_index(reference: Counts, current: Counts) -> float:
    """Return the PSI of two histograms over the same bins; below 0.1 is usually called stable, above 0.2 a shift.

    Half a count is added to every bin: an empty one would make the index infinite.
    """
    expected = (reference + 0.5) / (reference.sum() + 0.5 * len(reference))
    actual = (current + 0.5) / (current.sum() + 0.5 * len(current))
    return float(((actual - expected) * np.log(actual / expected)).sum())


def kolmogorov_smirnov_p(distance: float, reference_rows: int, current_rows: int) -> float:
    """Return the chance of at least this distance between two samples of one continuous distribution (asymptotic).

    With repeated values the true chance is smaller, so the test errs on the side of silence.
    """
    effective = reference_rows * current_rows / (reference_rows + current_rows)
    return float(special.kolmogorov(np.sqrt(effective) * distance))


def chi_square_p(reference: Counts, current: Counts) -> float:
    """Return the chance of two histograms at least this different from one distribution.

    Bins that are too rare for the test are counted together.
    """
    table = np.stack([reference, current]).astype(np.float64)
    table = _merge_rare(table[:, table.sum(axis=0) > 0])
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return 1.0
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def proportions_p(reference_hits: int, reference_rows: int, current_hits: int, current_rows: int) -> float:
    """Return the chance of two shares at least this different when the true share is one: Fisher's exact test."""
    table = [
        [reference_hits, reference_rows - reference_hits],
        [current_hits, current_rows - current_hits],
    ]
    return float(stats.fisher_exact(table).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of tests made together (Holm 1979): the chance of even one false alarm stays below the bound."""
    adjusted = [1.0] * len(p_values)
    running = 0.0
    for position, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        running = max(running, min(1.0, p_values[index] * (len(p_values) - position)))
        adjusted[index] = running
    return adjusted


def resolution(points: int, rows: int) -> float:
    """Return how far the steps of `points` quantiles can be from the true distribution of `rows` values."""
    return 0.0 if rows <= points else 1.0 / points


def _merge_rare(table: Floats) -> Floats:
    """Put columns whose smaller expected count is below the rule's bound into one."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    rare = expected.min(axis=0) < SMALLEST_EXPECTED
    if rare.sum() < 2:
        return table
    return np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
