import math

import numpy as np
import pytest

from rag.evaluation.statistics import difference_intervals, mean_intervals

DRAWS = {"seed": 7, "resamples": 2000}


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation() -> None:
    scores = np.random.default_rng(1).normal(5, 2, size=(400, 1))
    (found,) = mean_intervals(scores, **DRAWS)
    error = scores.std() / math.sqrt(400)
    assert found.value == pytest.approx(scores.mean())
    assert found.low == pytest.approx(scores.mean() - 1.96 * error, abs=0.03)
    assert found.high == pytest.approx(scores.mean() + 1.96 * error, abs=0.03)


def test_equal_scores_leave_no_doubt() -> None:
    (found,) = mean_intervals(column(1, 1, 1), **DRAWS)
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_cases_that_a_metric_does_not_apply_to_do_not_count() -> None:
    (found,) = mean_intervals(column(1, 0, math.nan, math.nan), **DRAWS)
    assert found.value == 0.5
    (nothing,) = mean_intervals(column(math.nan), **DRAWS)
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.low)


def test_the_same_seed_gives_the_same_interval_and_another_does_not() -> None:
    scores = np.random.default_rng(1).random((30, 1))
    assert mean_intervals(scores, **DRAWS) == mean_intervals(scores, **DRAWS)
    assert mean_intervals(scores, **DRAWS) != mean_intervals(scores, seed=8, resamples=2000)


def test_pairing_shows_a_small_constant_gain_that_means_alone_would_hide() -> None:
    first = np.random.default_rng(1).random((40, 1))
    (paired,) = difference_intervals(first, first + 0.01, **DRAWS)
    assert (paired.low, paired.high) == (pytest.approx(0.01), pytest.approx(0.01))
    (alone,) = mean_intervals(first, **DRAWS)
    assert alone.high - alone.low > 0.1


def test_noise_shows_no_difference() -> None:
    random = np.random.default_rng(3)
    (found,) = difference_intervals(random.random((40, 1)), random.random((40, 1)), **DRAWS)
    assert found.low < 0 < found.high


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        (found,) = mean_intervals((random.random((60, 1)) < 0.7).astype(float), seed=1, resamples=300)
        covered += found.low <= 0.7 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_different_cases_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="same cases"):
        difference_intervals(column(1), column(1, 2), **DRAWS)
