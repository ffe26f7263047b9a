import numpy as np
import pytest
from scipy import stats

from prediction.drift import statistics


def counts(*values):
    return np.array(values, dtype=np.int64)


def test_equal_histograms_have_no_index():
    assert statistics.population_stability_index(counts(10, 20, 30), counts(10, 20, 30)) == 0


def test_the_index_is_finite_for_empty_bins():
    assert 1 < statistics.population_stability_index(counts(100, 0), counts(0, 100)) < 20


def test_the_kolmogorov_smirnov_chance_is_the_asymptotic_one():
    random = np.random.default_rng(1)
    a, b = random.normal(size=1000), random.normal(size=900)
    known = stats.ks_2samp(a, b, method="asymp")
    assert statistics.kolmogorov_smirnov_p(known.statistic, 1000, 900) == pytest.approx(known.pvalue, rel=0.2)


def test_rare_categories_are_tested_together():
    reference = counts(500, 500, *[1] * 40)
    current = counts(250, 250, *[0] * 20, *[1] * 20)
    assert statistics.chi_square_p(reference, current) > 0.5


def test_one_category_cannot_differ():
    assert statistics.chi_square_p(counts(10, 0), counts(20, 0)) == 1
    assert statistics.chi_square_p(counts(10, 4), counts(0, 0)) == 1


def test_holm_multiplies_the_smallest_by_the_number_of_tests_and_keeps_the_order():
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([0.9, 0.8]) == [1, 1]
    assert statistics.holm([]) == []
