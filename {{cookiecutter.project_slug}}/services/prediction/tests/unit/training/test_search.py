import numpy as np
import pytest

from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task
from prediction.training.candidates import candidates
from prediction.training.options import ClassWeight, EstimatorName, TrainingOptions
from prediction.training.scoring import score_for
from prediction.training.search import SEARCH_ROWS, search, search_rows

NUMBERS = tuple(Feature(name=name, kind=FeatureKind.NUMERIC) for name in "abc")
BINARY = ModelSchema(task=Task.BINARY, target="y", features=NUMBERS, classes=("n", "y"))
REGRESSION = ModelSchema(task=Task.REGRESSION, target="y", features=NUMBERS)


def data(rows: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 3)).astype(np.float32)
    return matrix, (matrix[:, 0] + random.normal(size=rows) / 2 > 0).astype(np.int64)


def families(rows: int, **options: object) -> set[str]:
    chosen = candidates(BINARY, rows, TrainingOptions.model_validate(options), threads=1)
    return {candidate.family.value for candidate in chosen}


def test_candidates_suit_the_size() -> None:
    assert families(500) == {"linear", "forest", "extra-trees", "boosting"}
    assert families(50_000) == {"linear", "forest", "boosting"}
    small, large = (len(candidates(BINARY, rows, TrainingOptions(), 1)) for rows in (500, 50_000))
    assert small > large


@pytest.mark.parametrize("family", list(EstimatorName))
def test_the_caller_may_fix_the_families(family: EstimatorName) -> None:
    assert families(50_000, estimators=(family,)) == {family.value}


def test_balanced_class_weights_reach_every_classifier() -> None:
    for candidate in candidates(BINARY, 500, TrainingOptions(class_weight=ClassWeight.BALANCED), threads=1):
        model = candidate.pipeline[-1] if hasattr(candidate.pipeline, "steps") else candidate.pipeline
        assert model.get_params()["class_weight"] == "balanced"


@pytest.mark.parametrize(
    ("task", "answers", "name"),
    [
        (Task.BINARY, np.array([0, 1] * 50), "ROC AUC"),
        (Task.BINARY, np.array([0] * 95 + [1] * 5), "average precision"),
        (Task.MULTICLASS, np.array([0, 1, 2] * 30), "log loss"),
        (Task.REGRESSION, np.arange(10.0), "root mean squared error"),
    ],
)
def test_the_score_suits_the_task(task: Task, answers: np.ndarray, name: str) -> None:
    assert score_for(task, answers).name == name


def test_compares_candidates_on_the_same_folds_and_reports_progress() -> None:
    matrix, answers = data()
    options = TrainingOptions(estimators=(EstimatorName.LINEAR, EstimatorName.BOOSTING), folds=3)
    reports: list[tuple[float, str]] = []
    choices = candidates(BINARY, len(matrix), options, threads=1)
    found = search(choices, matrix, answers, Task.BINARY, options, lambda *report: reports.append(report))
    assert len(found.trials) == len(choices) == len(reports)
    assert found.winner.name == max(found.trials, key=lambda trial: trial.score).name
    assert (found.folds, found.rows, found.score_name) == (3, 200, "ROC AUC")
    assert np.isfinite(found.unseen_answers).all()
    assert found.unseen_rows.tolist() == list(range(200))
    assert [fraction for fraction, _ in reports] == sorted(fraction for fraction, _ in reports)
    assert reports[0][1] == f"trying {choices[0].name} (1 of {len(choices)})"


def test_the_number_of_folds_is_an_option_and_bounded_by_the_rarest_class() -> None:
    matrix, answers = data()
    for folds, rare, expected in ((4, None, 4), (5, 3, 3)):
        given = answers if rare is None else np.array([1] * rare + [0] * (200 - rare))
        options = TrainingOptions(estimators=(EstimatorName.LINEAR,), folds=folds)
        choices = candidates(BINARY, 5_000, options, threads=1)
        assert search(choices, matrix, given, Task.BINARY, options, lambda *_: None).folds == expected


def test_a_time_limit_leaves_candidates_out_and_says_so() -> None:
    matrix, answers = data()
    options = TrainingOptions(time_limit_seconds=1e-6)
    choices = candidates(BINARY, len(matrix), options, threads=1)
    found = search(choices, matrix, answers, Task.BINARY, options, lambda *_: None)
    assert len(found.trials) == 1
    assert "not tried because of the limit" in found.notes[0]
    assert choices[-1].name in found.notes[0]


def test_stopping_the_progress_stops_the_search() -> None:
    def stop(_fraction: float, _message: str) -> None:
        raise KeyboardInterrupt

    matrix, answers = data()
    with pytest.raises(KeyboardInterrupt):
        search(candidates(BINARY, 200, TrainingOptions(), 1), matrix, answers, Task.BINARY, TrainingOptions(), stop)


def test_large_tables_are_searched_on_a_sample_that_keeps_rare_classes() -> None:
    answers = np.zeros(50_000, dtype=np.int64)
    answers[:20] = 1
    rows = search_rows(answers, Task.BINARY, TrainingOptions())
    assert len(rows) == pytest.approx(SEARCH_ROWS, abs=20)
    assert answers[rows].sum() == 20
    assert len(search_rows(np.arange(50_000.0), Task.REGRESSION, TrainingOptions())) == SEARCH_ROWS
    newest = search_rows(answers, Task.BINARY, TrainingOptions(in_order=True))
    assert newest.tolist() == list(range(50_000 - SEARCH_ROWS, 50_000))


def test_regression_is_searched_too() -> None:
    matrix, _ = data()
    options = TrainingOptions(estimators=(EstimatorName.LINEAR,), in_order=True)
    choices = candidates(REGRESSION, len(matrix), options, threads=1)
    found = search(choices, matrix, matrix[:, 0].astype(float), Task.REGRESSION, options, lambda *_: None)
    assert found.trials[0].score >= 0
    assert found.winner.name == "linear, strength 0.1"
    assert len(found.unseen_rows) < 200
