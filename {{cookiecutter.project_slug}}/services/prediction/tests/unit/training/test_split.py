from collections.abc import Callable, Sequence

import numpy as np
import pytest

from prediction.artifacts.schema import Task
from prediction.datasets.table import Table
from prediction.training.options import TrainingOptions
from prediction.training.preparation import prepare
from prediction.training.split import cross_validation, hold_out, row_hashes

MakeTable = Callable[..., Table]
Columns = dict[str, Sequence[object]]


def people_of(columns: Columns, rows: slice = slice(None)) -> Columns:
    return {name: list(columns[name])[rows] for name in ("age", "income", "city", "bought")}


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_each_class_gives_its_share(make_table: MakeTable, people: Columns, fraction: float) -> None:
    options = TrainingOptions(test_fraction=fraction)
    prepared = prepare(make_table(people_of(people)), "bought", options)
    train, test = hold_out(prepared, options)
    assert sorted([*train, *test]) == list(range(300))
    for label in (0, 1):
        share = np.mean(prepared.target.values[test] == label) / np.mean(prepared.target.values == label)
        assert share == pytest.approx(1, abs=0.1)
    assert len(test) == pytest.approx(300 * fraction, abs=2)


def test_the_seed_decides_which_rows(make_table: MakeTable, people: Columns) -> None:
    prepared = prepare(make_table(people_of(people)), "bought", TrainingOptions())
    tests = [hold_out(prepared, TrainingOptions(seed=seed))[1].tolist() for seed in (1, 1, 2)]
    assert tests[0] == tests[1] != tests[2]


def test_repeated_rows_fall_on_the_same_side(make_table: MakeTable, people: Columns) -> None:
    twice = {name: [*values, *values] for name, values in people_of(people).items()}
    prepared = prepare(make_table(twice), "bought", TrainingOptions())
    _, test = hold_out(prepared, TrainingOptions())
    chosen = set(test.tolist())
    split = [at for at in range(300) if (at in chosen) != (at + 300 in chosen)]
    assert len(split) <= 2  # a pair at the border of each class


def test_a_larger_table_holds_out_nearly_the_same_rows_again(make_table: MakeTable, people: Columns) -> None:
    options = TrainingOptions()
    all_rows = prepare(make_table(people_of(people)), "bought", options)
    most_rows = prepare(make_table(people_of(people, slice(250))), "bought", options)
    now = set(hold_out(most_rows, options)[1].tolist())
    later = {row for row in hold_out(all_rows, options)[1].tolist() if row < 250}
    assert len(now & later) / len(now) > 0.8


def test_ordered_rows_hold_out_the_newest(make_table: MakeTable, people: Columns) -> None:
    options = TrainingOptions(in_order=True)
    prepared = prepare(make_table(people_of(people)), "bought", options)
    train, test = hold_out(prepared, options)
    assert (train.tolist(), test.tolist()) == (list(range(240)), list(range(240, 300)))


def test_hashes_see_every_cell_and_take_zeros_for_equal() -> None:
    matrix = np.array([[0.0, 1.0], [-0.0, 1.0], [np.nan, 1.0], [np.nan, 1.0], [1.0, 0.0]], dtype=np.float32)
    first, same, missing, also_missing, swapped = row_hashes(matrix, np.zeros(5), seed=1)
    assert first == same
    assert missing == also_missing
    assert len({first, missing, swapped}) == 3
    assert row_hashes(matrix, np.ones(5), seed=1)[0] != first


def test_folds_are_stratified_or_along_time() -> None:
    answers = np.array([0] * 90 + [1] * 10)
    folds = cross_validation(answers, Task.BINARY, TrainingOptions(), 5)
    assert all(answers[test].sum() == 2 for _, test in folds)
    mixed = np.arange(100) % 2
    for train, test in cross_validation(mixed, Task.BINARY, TrainingOptions(in_order=True), 4):
        assert train.max() < test.min()
    assert len(cross_validation(np.arange(100.0), Task.REGRESSION, TrainingOptions(), 3)) == 3


def test_ordered_classes_fall_back_to_strata_when_no_fold_along_time_has_them_all() -> None:
    answers = np.array([0] * 50 + [1] * 50)
    folds = cross_validation(answers, Task.BINARY, TrainingOptions(in_order=True), 2)
    assert all(len(np.unique(answers[train])) == 2 for train, _ in folds)
