import numpy as np
import pytest
from sklearn import metrics

from prediction.feedback.quality import Estimate, classification_quality, regression_quality, worse_than

RANDOM = np.random.default_rng(5)


def binary(rows):
    truth = RANDOM.integers(0, 2, rows)
    positive = np.clip(0.5 + (truth - 0.5) * 0.4 + RANDOM.normal(0, 0.25, rows), 0.01, 0.99)
    return np.column_stack([1 - positive, positive]), truth


def test_two_classes_give_the_well_known_figures():
    probabilities, truth = binary(500)
    found = classification_quality(probabilities, truth)
    assert found["accuracy"].value == pytest.approx(metrics.accuracy_score(truth, probabilities.argmax(axis=1)))
    assert found["log_loss"].value == pytest.approx(metrics.log_loss(truth, probabilities))
    assert found["brier"].value == pytest.approx(metrics.brier_score_loss(truth, probabilities[:, 1]))
    assert found["roc_auc"].value == pytest.approx(metrics.roc_auc_score(truth, probabilities[:, 1]))


def test_many_classes_give_the_well_known_figures():
    probabilities = RANDOM.dirichlet([1, 1, 1], 300)
    truth = np.array([RANDOM.choice(3, p=row) for row in probabilities])
    found = classification_quality(probabilities, truth)
    area = metrics.roc_auc_score(truth, probabilities, multi_class="ovr")
    assert found["roc_auc"].value == pytest.approx(area)
    assert found["log_loss"].value == pytest.approx(metrics.log_loss(truth, probabilities))


def test_numbers_give_the_well_known_figures():
    truth = RANDOM.normal(size=400)
    values = truth + RANDOM.normal(0, 0.5, 400)
    found = regression_quality(values, truth)
    assert found["rmse"].value == pytest.approx(metrics.root_mean_squared_error(truth, values))
    assert found["mae"].value == pytest.approx(metrics.mean_absolute_error(truth, values))


@pytest.mark.parametrize("name", ["accuracy", "log_loss", "brier", "roc_auc"])
def test_intervals_hold_the_true_value_about_95_times_in_100(name):
    probabilities, truth = binary(200_000)
    true_value = classification_quality(probabilities, truth)[name].value
    held = 0
    for start in range(0, 200 * 400, 400):
        some = classification_quality(probabilities[start : start + 400], truth[start : start + 400])[name]
        held += some.low <= true_value <= some.high
    assert 180 <= held <= 200


def test_a_single_label_is_enough_for_a_figure_and_says_little():
    found = classification_quality(np.array([[0.3, 0.7]]), np.array([1]))
    assert found["accuracy"].value == 1
    assert found["accuracy"].low < 0.5
    assert "roc_auc" not in found


def test_one_example_of_a_class_is_enough_for_an_area():
    found = classification_quality(np.array([[0.3, 0.7], [0.8, 0.2], [0.9, 0.1]]), np.array([1, 0, 0]))
    assert found["roc_auc"].value == 1
    assert found["roc_auc"].low < 0.5


def test_a_sure_and_wrong_answer_has_a_finite_loss():
    assert classification_quality(np.array([[1.0, 0.0]]), np.array([1]))["log_loss"].value == pytest.approx(
        16.1, abs=0.1
    )


def test_only_what_is_certainly_worse_is_worse():
    assert worse_than(Estimate(value=0.7, low=0.68, high=0.72), "accuracy", 0.9, 0.1)
    assert not worse_than(Estimate(value=0.7, low=0.5, high=0.9), "accuracy", 0.9, 0.1)
    assert worse_than(Estimate(value=3.0, low=2.8, high=3.2), "rmse", 2.0, 0.1)
    assert not worse_than(Estimate(value=3.0, low=2.0, high=4.0), "rmse", 2.0, 0.1)
    assert not worse_than(Estimate(value=1.0, low=0.9, high=1.1), "rmse", 2.0, 0.1)
