"""Whole trainings, from a file to a sealed bundle."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sklearn.metrics import log_loss

from prediction.artifacts import bundle
from prediction.artifacts.heldout import load_held_out
from prediction.artifacts.schema import ClassKind, Task
from prediction.artifacts.scorer import Scorer
from prediction.datasets.reading import ReadLimits
from prediction.training.errors import TrainingRefused
from prediction.training.run import Outcome
from prediction.training.scoring import predict

Columns = dict[str, Sequence[object]]
Train = Callable[..., Outcome]


def some(people: Columns, *names: str) -> Columns:
    return {name: people[name] for name in names}


def test_a_binary_model_is_sealed_and_answers(buyers: Outcome) -> None:
    scorer = Scorer.open(buyers.bundle, buyers.bundle_sha256)
    assert (scorer.schema.task, scorer.schema.classes) == (Task.BINARY, ("no", "yes"))
    held_out = load_held_out(buyers.evaluation, scorer.schema)
    shares = scorer.predict(scorer.encoder.encode_columns(held_out.columns))
    measured = log_loss(held_out.target == "yes", shares[:, 1].astype(float))
    assert measured == pytest.approx(buyers.card.metrics["log_loss"].value, rel=1e-4)
    assert buyers.card.metrics["roc_auc"].value > 0.8
    assert buyers.card.beats_baseline


def test_classes_that_are_numbers_stay_numbers(levels: Outcome) -> None:
    schema = Scorer.open(levels.bundle, levels.bundle_sha256).schema
    assert (schema.task, schema.class_kind, schema.label(2)) == (Task.MULTICLASS, ClassKind.INTEGER, 2)
    assert {path.name for path in levels.plots.iterdir()} == {
        "confusion_matrix.png",
        "roc.png",
        "precision_recall.png",
        "calibration.png",
        "importance.png",
    }


def test_a_regression_is_described(spending: Outcome) -> None:
    assert spending.card.task is Task.REGRESSION
    assert spending.card.metrics["r2"].value > 0.5
    assert spending.card.threshold is None
    assert {path.name for path in spending.plots.iterdir()} == {
        "predicted_actual.png",
        "residuals.png",
        "importance.png",
    }
    assert (spending.plots / "residuals.png").read_bytes().startswith(b"\x89PNG")


def test_the_card_says_what_was_done(buyers: Outcome) -> None:
    card = buyers.card
    assert set(card.data.dropped) == {"id", "note"}
    assert (card.data.training_rows, card.data.held_out_rows) == (240, 60)
    assert card.importances[0].feature in ("income", "age")
    assert 0 < (card.threshold or 0) < 1
    assert "largest difference" in card.parity
    assert any("60 rows only" in limit for limit in card.limits)
    page = (buyers.bundle / bundle.CARD_MARKDOWN).read_text()
    for part in ("# Model card: bought", "| roc_auc |", "| id | identifier: ", "Limits", "best F1"):
        assert part in page
    assert json.loads((buyers.bundle / bundle.CARD_JSON).read_bytes())["target"] == "bought"


def test_features_without_effect_have_no_importance(train: Train, people: Columns) -> None:
    random = np.random.default_rng(1)
    outcome = train(some(people, "income", "age", "spent") | {"noise": random.normal(size=300)}, "spent")
    by_name = {entry.feature: entry.loss_increase for entry in outcome.card.importances}
    assert abs(by_name["noise"]) < by_name["income"] / 20


def test_the_same_seed_makes_the_same_model(train: Train, people: Columns) -> None:
    columns = some(people, "age", "income", "city", "bought")
    first, same = (train(columns, "bought", estimators=("forest",)) for _ in range(2))
    other = train(columns, "bought", estimators=("forest",), seed=8)
    assert (first.bundle / bundle.ONNX).read_bytes() == (same.bundle / bundle.ONNX).read_bytes()
    assert first.card.metrics == same.card.metrics
    assert (first.bundle / bundle.ONNX).read_bytes() != (other.bundle / bundle.ONNX).read_bytes()


def test_the_test_fraction_is_an_option(train: Train, people: Columns) -> None:
    card = train(some(people, "age", "income", "bought"), "bought", test_fraction=0.4).card
    assert card.data.held_out_rows == 120


def test_rows_in_order_hold_out_the_newest(train: Train, people: Columns) -> None:
    card = train(some(people, "age", "income", "spent"), "spent", in_order=True).card
    assert card.data.split == "the newest rows"


def test_a_sample_is_said_in_the_card(train: Train, people: Columns) -> None:
    card = train(some(people, "age", "income", "bought"), "bought", limits=ReadLimits(max_rows=150)).card
    assert card.data.training_rows + card.data.held_out_rows == 150
    assert any("sample of 150 of 300 rows" in limit for limit in card.limits)


def overlapping(rows: int) -> Columns:
    random = np.random.default_rng(3)
    x = random.normal(size=(rows, 3))
    return {
        **{f"x{at}": x[:, at].round(2) for at in range(3)},
        "y": (x[:, 0] + 2 * random.normal(size=rows) > 0).astype(int),
    }


def test_overconfident_models_are_calibrated_unless_it_is_switched_off(train: Train) -> None:
    columns = overlapping(400)
    corrected = train(columns, "y", estimators=("boosting",))
    plain = train(columns, "y", estimators=("boosting",), calibrate=False)
    assert "are corrected" in str(corrected.card.training.calibration)
    assert plain.card.training.calibration is None
    assert corrected.card.metrics["log_loss"].value < plain.card.metrics["log_loss"].value


def test_balanced_weights_find_more_of_a_rare_class(train: Train) -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=1_500)
    rare = (random.random(1_500) < 1 / (1 + np.exp(4.5 - 1.5 * x))).astype(int)
    columns = {"x": x.round(3), "z": random.normal(size=1_500).round(3), "y": rare}
    plain, balanced = train(columns, "y"), train(columns, "y", class_weight="balanced")
    assert balanced.card.metrics["balanced_accuracy"].value > plain.card.metrics["balanced_accuracy"].value + 0.1
    assert plain.card.training.score == "average precision"
    assert any("One class is rare" in limit for limit in plain.card.limits)


def test_weak_parts_of_the_data_are_named(train: Train) -> None:
    random = np.random.default_rng(6)
    count = 1_000
    place = random.choice(["calm", "wild"], count)
    x = random.normal(size=count)
    y = x + np.where(place == "wild", random.normal(size=count), random.normal(size=count) / 10)
    card = train(
        {"x": x.round(3), "place": place, "on": random.choice(["true", "false"], count), "y": y.round(3)}, "y"
    ).card
    assert (card.slices[0].feature, card.slices[0].value) == ("place", "wild")
    assert card.slices[0].ratio > 1.3


def test_a_model_of_noise_does_not_beat_the_baseline(train: Train) -> None:
    random = np.random.default_rng(7)
    card = train({"x": random.normal(size=200), "y": random.integers(0, 2, 200)}, "y").card
    assert not card.beats_baseline
    assert "not reliably lower" in card.baseline


def test_the_smallest_tables_can_be_trained_on(train: Train) -> None:
    card = train({"x": [float(at % 7) for at in range(20)], "y": ["a", "b"] * 10}, "y", estimators=()).card
    assert card.data.training_rows + card.data.held_out_rows == 20


def test_odd_column_names_and_values_survive(train: Train) -> None:
    random = np.random.default_rng(8)
    columns = {
        "Größe | $x$": random.normal(size=100).round(3),
        "city name": random.choice(["São Paulo", "x|y", "$5"], 100),
        "class": random.choice(["$a$", "b|c"], 100),
    }
    outcome = train(columns, "class")
    assert r"Größe \| $x$" in (outcome.bundle / bundle.CARD_MARKDOWN).read_text()


def test_a_class_that_only_the_newest_rows_have_is_refused(train: Train) -> None:
    columns = {"x": [at * 7 % 13 for at in range(100)], "y": ["a"] * 50 + ["b"] * 30 + ["c"] * 20}
    with pytest.raises(TrainingRefused) as refusal:
        train(columns, "y", in_order=True)
    assert refusal.value.code == "class_only_in_newest_rows"


def test_progress_only_grows_and_can_stop_the_training(train: Train, people: Columns) -> None:
    fractions: list[float] = []
    columns = some(people, "age", "income", "bought")
    train(columns, "bought", progress=lambda fraction, _: fractions.append(fraction))
    assert fractions == sorted(fractions)

    def stop(fraction: float, _message: str) -> None:
        if fraction > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(columns, "bought", progress=stop)


def test_predictions_of_regressions_are_plain_numbers() -> None:
    class Constant:
        def predict(self, matrix: np.ndarray) -> np.ndarray:
            return np.ones(len(matrix), dtype=np.float32)

    assert predict(Constant(), np.zeros((2, 1), dtype=np.float32), Task.REGRESSION).dtype == np.float64
