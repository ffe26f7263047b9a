import numpy as np
import pytest
from sklearn import metrics as measures

from prediction.artifacts.schema import Task
from prediction.training.metrics import best_threshold, evaluate


def test_binary_measures_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    answers = random.integers(0, 2, 200)
    positive = np.clip(answers * 0.4 + random.random(200) * 0.6, 0.01, 0.99).round(1)  # with ties
    shares = np.column_stack([1 - positive, positive])
    found = evaluate(Task.BINARY, answers, shares, 2, seed=0)
    expected = {
        "log_loss": measures.log_loss(answers, shares),
        "accuracy": measures.accuracy_score(answers, shares.argmax(1)),
        "balanced_accuracy": measures.balanced_accuracy_score(answers, shares.argmax(1)),
        "roc_auc": measures.roc_auc_score(answers, positive),
        "average_precision": measures.average_precision_score(answers, positive),
        "brier": measures.brier_score_loss(answers, positive),
        "f1": measures.f1_score(answers, shares.argmax(1)),
    }
    assert {name: metric.value for name, metric in found.items()} == pytest.approx(expected)
    assert all(metric.low <= metric.value <= metric.high for metric in found.values())


def test_multiclass_and_regression_measures() -> None:
    random = np.random.default_rng(0)
    answers = random.integers(0, 3, 150)
    shares = random.dirichlet([1, 1, 1], 150)
    found = evaluate(Task.MULTICLASS, answers, shares, 3, seed=0)
    assert found["macro_f1"].value == pytest.approx(measures.f1_score(answers, shares.argmax(1), average="macro"))
    truth = random.normal(size=50)
    numbers = evaluate(Task.REGRESSION, truth, truth + 1, 0, seed=0)
    assert numbers["rmse"].value == numbers["mae"].value == pytest.approx(1)
    assert numbers["r2"].value == pytest.approx(measures.r2_score(truth, truth + 1))
    assert set(numbers) == {"rmse", "mae", "r2"}


def test_more_rows_make_narrower_intervals() -> None:
    random = np.random.default_rng(0)
    widths = []
    for rows in (100, 10_000):
        answers = random.integers(0, 2, rows)
        positive = np.clip(answers * 0.3 + random.random(rows) * 0.7, 0.01, 0.99)
        auc = evaluate(Task.BINARY, answers, np.column_stack([1 - positive, positive]), 2, seed=0)["roc_auc"]
        widths.append(auc.high - auc.low)
    assert widths[1] < widths[0] / 4


def test_a_test_set_of_one_class_has_only_the_measures_that_mean_something() -> None:
    found = evaluate(Task.BINARY, np.zeros(30, dtype=int), np.tile([0.8, 0.2], (30, 1)), 2, seed=0)
    assert set(found) == {"log_loss", "accuracy"}


def test_the_threshold_with_the_best_f1() -> None:
    answers = np.array([0] * 90 + [1] * 10)
    positive = np.concatenate([np.linspace(0, 0.29, 90), np.linspace(0.3, 0.4, 10)])
    assert best_threshold(answers, np.column_stack([1 - positive, positive])) == pytest.approx(0.3)
