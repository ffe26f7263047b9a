import numpy as np
import pytest

from prediction.artifacts.schema import FeatureKind
from prediction.drift.judge import Compared, judge
from prediction.drift.reference import profile_column
from prediction.drift.settings import MonitoringSettings
from prediction.drift.tally import tally_for

SETTINGS = MonitoringSettings()


def report(pairs, settings=SETTINGS):
    """Judge (kind, training values, current values) triples as the columns of one report."""
    compared = []
    for number, (kind, training, current) in enumerate(pairs):
        profile = profile_column(kind, training)
        tally = tally_for(profile)
        for start in range(0, len(current), 300):  # in batches, as a window is read
            tally.add(current[start : start + 300])
        compared.append(Compared(f"column {number}", "feature", profile, tally.compare()))
    return judge(compared, settings)


def one(kind, training, current):
    return report([(kind, training, current)])[0]


def text(random, weights, rows):
    values = random.choice(len(weights), p=weights, size=rows)
    column = np.empty(rows, dtype=object)
    column[:] = [f"c{value}" for value in values]
    return column


def test_a_shifted_number_has_drifted():
    random = np.random.default_rng(0)
    found = one(FeatureKind.NUMERIC, random.normal(size=2000), (random.normal(size=500) + 1).tolist())
    assert found.drifted
    assert "population stability index" in found.reason
    assert found.p_value < 1e-10


def test_a_constant_that_changed_has_drifted_by_its_distance():
    found = one(FeatureKind.NUMERIC, np.zeros(1000), [1.0] * 300)
    assert found.drifted
    assert found.distance == pytest.approx(1, abs=0.01)


def test_a_changed_mix_of_categories_has_drifted():
    random = np.random.default_rng(0)
    found = one(FeatureKind.CATEGORY, text(random, [0.5, 0.3, 0.2], 2000), text(random, [0.1, 0.3, 0.6], 500).tolist())
    assert found.drifted


def test_new_categories_count_as_drift():
    found = one(FeatureKind.CATEGORY, np.array(["a", "b"] * 500, dtype=object), [f"new {n}" for n in range(3000)])
    assert found.drifted


def test_a_switched_boolean_has_drifted():
    assert one(FeatureKind.BOOLEAN, np.array([0.0] * 900 + [1.0] * 100), [True] * 300 + [False] * 100).drifted


def test_values_that_go_missing_have_drifted():
    random = np.random.default_rng(0)
    current = [None if random.random() < 0.4 else random.normal() for _ in range(500)]
    found = one(FeatureKind.NUMERIC, random.normal(size=2000), current)
    assert found.drifted
    assert found.reason.endswith("missing instead of 0%")


def test_a_column_of_nothing_but_missing_values_has_drifted():
    assert one(FeatureKind.NUMERIC, np.arange(1000.0), [None] * 300).drifted
    assert one(FeatureKind.CATEGORY, np.array(["a"] * 1000, dtype=object), [None] * 300).drifted


def test_time_that_moved_on_is_no_drift():
    found = one(FeatureKind.DATETIME, np.linspace(1.6e9, 1.7e9, 1000), ["2026-11-20T10:00:00Z"] * 500)
    assert not found.drifted
    assert found.psi is None


def test_a_tiny_change_is_no_drift_however_certain_it_is():
    random = np.random.default_rng(0)
    found = one(FeatureKind.NUMERIC, random.normal(size=50_000), (random.normal(size=50_000) + 0.05).tolist())
    assert found.p_value < SETTINGS.significance
    assert not found.drifted


@pytest.mark.parametrize("psi", [SETTINGS.psi, 0.02])  # the second is so low that only significance can say no
def test_equal_distributions_raise_no_alarm(psi):
    """100 checks of 20 columns on the smallest window."""
    alarms = 0
    settings = MonitoringSettings(psi=psi, distance=0.02)
    for seed in range(100):
        random = np.random.default_rng(seed)
        rows = SETTINGS.minimum_rows
        skewed = random.dirichlet(np.ones(12))
        pairs = [(FeatureKind.NUMERIC, random.normal(size=800), random.normal(size=rows).tolist()) for _ in range(8)]
        pairs += [(FeatureKind.NUMERIC, random.poisson(2, 800), random.poisson(2, rows).tolist()) for _ in range(4)]
        pairs += [(FeatureKind.CATEGORY, text(random, skewed, 800), text(random, skewed, rows).tolist())] * 8
        alarms += any(column.drifted for column in report(pairs, settings))
    assert alarms <= 3  # a chance of 1 % per report


def test_the_distance_is_that_of_the_full_samples():
    from scipy import stats

    random = np.random.default_rng(3)
    training, current = random.gamma(2, size=400), random.gamma(2.4, size=700)
    found = one(FeatureKind.NUMERIC, training, current.tolist())
    assert found.distance == pytest.approx(stats.ks_2samp(training, current).statistic, abs=1e-6)


def test_the_distance_of_repeated_values_is_that_of_the_full_samples():
    from scipy import stats

    random = np.random.default_rng(3)
    training, current = random.poisson(3, 300).astype(float), random.poisson(4, 500).astype(float)
    found = one(FeatureKind.NUMERIC, training, current.tolist())
    assert found.distance == pytest.approx(stats.ks_2samp(training, current).statistic, abs=1e-6)
