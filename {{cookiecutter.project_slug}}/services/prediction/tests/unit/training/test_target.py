from collections.abc import Callable

import pytest

from prediction.artifacts.schema import ClassKind, Task
from prediction.datasets.table import Table
from prediction.training.errors import TrainingRefused
from prediction.training.options import TaskChoice
from prediction.training.target import read_target

MakeTable = Callable[..., Table]
FEATURE = {"x": [i / 7 for i in range(60)]}


@pytest.mark.parametrize(
    ("values", "task", "kind", "classes"),
    [
        (["no", "yes"] * 30, Task.BINARY, ClassKind.STRING, ("no", "yes")),
        (["true", "false"] * 30, Task.BINARY, ClassKind.BOOLEAN, ("false", "true")),
        ([0, 1] * 30, Task.BINARY, ClassKind.INTEGER, ("0", "1")),
        ([1, 2, 10] * 20, Task.MULTICLASS, ClassKind.INTEGER, ("1", "2", "10")),
        (["a", "b", "c"] * 20, Task.MULTICLASS, ClassKind.STRING, ("a", "b", "c")),
        ([i * 3 for i in range(60)], Task.REGRESSION, ClassKind.STRING, ()),
        ([i % 2 + 0.5 for i in range(60)], Task.REGRESSION, ClassKind.STRING, ()),
        (list(range(60)), Task.REGRESSION, ClassKind.STRING, ()),
        ([5, 6, 7] * 19 + [3, 9, 9], Task.REGRESSION, ClassKind.STRING, ()),  # grades, the outer ones rare
    ],
)
def test_the_target_decides_the_task(
    make_table: MakeTable, values: list[object], task: Task, kind: ClassKind, classes: tuple[str, ...]
) -> None:
    target = read_target(make_table(FEATURE | {"y": values}), "y", TaskChoice.AUTO)
    assert (target.task, target.class_kind, target.classes) == (task, kind, classes)


def test_the_caller_may_choose_the_task(make_table: MakeTable) -> None:
    table = make_table(FEATURE | {"y": [1, 2, 3] * 20})
    assert read_target(table, "y", TaskChoice.REGRESSION).task is Task.REGRESSION
    table = make_table(FEATURE | {"y": [i % 9 + 0.5 for i in range(54)] + [0.5] * 6})
    assert read_target(table, "y", TaskChoice.CLASSIFICATION).classes[0] == "0.5"


def test_a_scale_with_rare_values_is_an_amount_unless_classes_are_wanted(make_table: MakeTable) -> None:
    table = make_table(FEATURE | {"y": [5, 6, 7] * 19 + [3, 9, 9]})
    assert "because 3, 9 are too rare" in read_target(table, "y", TaskChoice.AUTO).note
    with pytest.raises(TrainingRefused) as refusal:
        read_target(table, "y", TaskChoice.CLASSIFICATION)
    assert refusal.value.code == "too_few_rows_per_class"


def test_rows_without_a_target_are_left_out(make_table: MakeTable) -> None:
    target = read_target(make_table(FEATURE | {"y": ["a", "b", "NA"] * 20}), "y", TaskChoice.AUTO)
    assert target.known.sum() == len(target.values) == 40
    assert target.labels[:2].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "choice", "code"),
    [
        (["a"] * 60, TaskChoice.AUTO, "single_class"),
        (["a"] * 30 + [""] * 30, TaskChoice.AUTO, "single_class"),
        ([5] * 60, TaskChoice.REGRESSION, "single_class"),
        (["NA", "", "?"] * 20, TaskChoice.AUTO, "target_empty"),
        (["a", "b"] * 9 + [""] * 42, TaskChoice.AUTO, "too_few_rows"),
        (["a"] * 57 + ["b"] * 3, TaskChoice.AUTO, "too_few_rows_per_class"),
        ([f"{i:03d}-{i * 7}" for i in range(60)], TaskChoice.AUTO, "too_few_rows_per_class"),
        ([f"It was said {i} times" for i in range(60)], TaskChoice.AUTO, "target_unsupported"),
        ([f"2024-01-{1 + i % 28}" for i in range(60)], TaskChoice.AUTO, "target_unsupported"),
        (["a", "b"] * 30, TaskChoice.REGRESSION, "target_not_numeric"),
        ([i % 30 + 0.5 for i in range(60)], TaskChoice.CLASSIFICATION, "too_few_rows_per_class"),
    ],
)
def test_refuses_targets_that_cannot_be_predicted(
    make_table: MakeTable, values: list[object], choice: TaskChoice, code: str
) -> None:
    with pytest.raises(TrainingRefused) as refusal:
        read_target(make_table(FEATURE | {"y": values}), "y", choice)
    assert refusal.value.code == code
    assert refusal.value.hint


def test_refuses_more_classes_than_can_be_told_apart(make_table: MakeTable) -> None:
    table = make_table({"x": list(range(1_100)), "y": [f"c{i % 110}" for i in range(1_100)]})
    with pytest.raises(TrainingRefused) as refusal:
        read_target(table, "y", TaskChoice.AUTO)
    assert refusal.value.code == "too_many_classes"


@pytest.mark.parametrize(("name", "close"), [("Bougt", "bought"), ("AGE", "age"), ("zzz", None)])
def test_a_missing_target_names_the_closest_column(make_table: MakeTable, name: str, close: str | None) -> None:
    with pytest.raises(TrainingRefused) as refusal:
        read_target(make_table({"age": [1, 2, 3], "bought": ["a", "b", "a"]}), name, TaskChoice.AUTO)
    assert refusal.value.code == "target_missing"
    assert "age, bought" in str(refusal.value.hint)
    assert (f"Did you mean '{close}'?" in str(refusal.value.hint)) is (close is not None)
