from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from prediction.artifacts.columns import columns_of
from prediction.artifacts.heldout import HeldOut, save_held_out
from prediction.artifacts.schema import ModelSchema, Task
from prediction.artifacts.scorer import Scorer
from prediction.registry.gate import comparable, compare, compare_losses, log_losses, losses_of
from prediction.registry.ports import ModelVersion

Make = Callable[..., ModelVersion]


def test_a_reliably_lower_loss_wins() -> None:
    random = np.random.default_rng(0)
    champion = random.exponential(size=500)
    found = compare_losses(Task.BINARY, champion - 0.1, champion)
    assert found.wins
    assert found.improvement == pytest.approx(0.1)
    assert "lower than" in found.sentence
    assert not compare_losses(Task.BINARY, champion, champion - 0.1).wins


def test_equal_models_and_pure_chance_do_not_win() -> None:
    random = np.random.default_rng(1)
    champion = random.exponential(size=300)
    same = compare_losses(Task.REGRESSION, champion, champion)
    assert (same.wins, same.improvement, same.loss) == (False, 0, "squared error")
    assert "not reliably lower" in same.sentence
    wins = [compare_losses(Task.BINARY, champion + random.normal(size=300), champion).wins for _ in range(200)]
    assert sum(wins) <= 12  # 2.5 % are to be expected


def test_a_reliable_gain_of_next_to_nothing_does_not_win() -> None:
    champion = np.random.default_rng(2).exponential(size=500)
    assert not compare_losses(Task.BINARY, champion - 0.001, champion).wins
    assert compare_losses(Task.BINARY, champion - 0.01, champion).wins


def test_large_tables_are_resampled_in_bounded_pieces() -> None:
    losses = np.linspace(0, 1, 3_000_000)
    assert compare_losses(Task.REGRESSION, losses, losses + 0.01, resamples=3).wins


def test_log_loss_of_labels_and_of_a_class_that_the_model_lacks() -> None:
    shares = np.array([[0.25, 0.75], [0.25, 0.75], [1.0, 0.0]])
    losses = log_losses(shares, ("a", "b"), np.array(["a", "new", "b"], dtype=object))
    assert losses == pytest.approx([-np.log(0.25), -np.log(1e-7), -np.log(1e-7)])


def test_both_models_answer_the_same_rows(make_version: Make, flats: ModelSchema, tmp_path: Path) -> None:
    scorers = [
        Scorer(make_version.folders[make_version("rents", str(seed), flats, seed=seed).bundle_sha256])
        for seed in (1, 2)
    ]
    rows = [{"area": float(at), "rooms": 2, "city": "Köln", "balcony": True, "listed": None} for at in range(50)]
    columns = columns_of(flats.features, rows)
    truth = scorers[0].predict(scorers[0].encoder.encode_columns(columns)).astype(np.float64)
    save_held_out(tmp_path, HeldOut(columns, truth))
    assert compare(scorers[0], scorers[1], tmp_path).challenger_loss == 0
    assert compare(scorers[0], scorers[1], tmp_path).wins
    assert not compare(scorers[1], scorers[0], tmp_path).wins


def test_what_the_champion_does_not_know_is_missing_to_it(make_version: Make, flats: ModelSchema) -> None:
    scorer = Scorer(make_version.folders[make_version("rents", "1", flats).bundle_sha256])
    columns = columns_of(flats.features, [{"area": 50.0, "city": "Atlantis"}])
    del columns["rooms"]
    assert np.isfinite(losses_of(scorer, HeldOut(columns, np.array([3.0])))).all()


def test_only_answers_to_the_same_question_are_comparable(
    make_version: Make, flats: ModelSchema, flowers: ModelSchema
) -> None:
    versions = {"flats": flats, "flowers": flowers, "sizes": flats.model_copy(update={"target": "size"})}
    scorers = {
        name: Scorer(make_version.folders[make_version(name, "1", schema).bundle_sha256])
        for name, schema in versions.items()
    }
    assert comparable(scorers["flats"], scorers["flats"])
    assert not comparable(scorers["flats"], scorers["flowers"])
    assert not comparable(scorers["flats"], scorers["sizes"])
