"""The column to predict: which task it means, and its values as numbers."""

import difflib
from dataclasses import dataclass

import numpy as np

from prediction.artifacts.columns import Column, missing
from prediction.artifacts.schema import ClassKind, Task
from prediction.datasets.inference import TypedColumn
from prediction.datasets.profile import Content
from prediction.datasets.table import Table
from prediction.training.errors import TrainingRefused
from prediction.training.options import TaskChoice

MIN_ROWS = 20
MIN_ROWS_PER_CLASS = 6
MAX_CLASSES = 100
MOST_NUMERIC_CLASSES = 20  # whole numbers with more different values are amounts, not classes


@dataclass(frozen=True, slots=True)
class Target:
    """Known answers. `values` holds class positions (int64) or numbers (float64) of the rows in `known`."""

    name: str
    task: Task
    known: Column  # mask over the table's rows: the target has a value
    values: Column
    classes: tuple[str, ...] = ()
    class_kind: ClassKind = ClassKind.STRING
    note: str = ""  # what was decided that the caller may want otherwise

    @property
    def labels(self) -> Column:
        """Return class labels as text, or numbers."""
        return self.values if self.task is Task.REGRESSION else np.array(self.classes, dtype=object)[self.values]


def read_target(table: Table, name: str, choice: TaskChoice) -> Target:
    """Find the target column and decide what is predicted. Raises `TrainingRefused`."""
    column = _find(table, name)
    if column.profile.content is Content.EMPTY:
        raise TrainingRefused("target_empty", f"The target {name!r} has no value in any row.", "Choose another column.")
    if column.profile.content is Content.CONSTANT:
        raise _single_class(name)
    if column.values is None or column.profile.content is Content.DATETIME:
        raise TrainingRefused(
            "target_unsupported",
            f"The target {name!r} cannot be predicted: it holds {column.profile.content} ({column.profile.reason}).",
            "Choose a column of numbers, or of words that repeat.",
        )
    known = ~missing(column.values)
    if known.sum() < MIN_ROWS:
        raise TrainingRefused(
            "too_few_rows",
            f"{int(known.sum())} rows have a value of {name!r}; at least {MIN_ROWS} are needed.",
            "Collect more rows.",
        )
    values = column.values[known]
    if _is_regression(column, values, choice, name):
        return Target(name, Task.REGRESSION, known, values.astype(np.float64))
    if choice is TaskChoice.AUTO and column.integer and (rare := _rare_amounts(values)):
        note = f"{name}: taken as an amount and not as classes, because {rare} are too rare to be classes"
        return Target(name, Task.REGRESSION, known, values.astype(np.float64), note=note)
    return _classes(name, known, values, column)


def _find(table: Table, name: str) -> TypedColumn:
    if name in table.columns:
        return table.columns[name]
    close = difflib.get_close_matches(name, table.columns, n=1, cutoff=0.5)
    close = close or [other for other in table.columns if other.lower() == name.lower()]
    shown = ", ".join(list(table.columns)[:10]) + (" ..." if len(table.columns) > 10 else "")
    hint = f"Did you mean {close[0]!r}? " if close else ""
    raise TrainingRefused("target_missing", f"There is no column {name!r}.", f"{hint}The columns are: {shown}.")


def _is_regression(column: TypedColumn, values: Column, choice: TaskChoice, name: str) -> bool:
    number = values.dtype != object
    if choice is TaskChoice.REGRESSION and not number:
        raise TrainingRefused(
            "target_not_numeric",
            f"The target {name!r} is not a number, so it has no regression.",
            "Use classification.",
        )
    if choice is not TaskChoice.AUTO:
        return choice is TaskChoice.REGRESSION
    if not number or column.profile.content is Content.BOOLEAN:
        return False
    distinct = len(np.unique(values))
    return not column.integer or distinct > min(MOST_NUMERIC_CLASSES, max(2, len(values) // 5))


def _rare_amounts(values: Column) -> str:
    """Name the values of a scale (grades, stars, counts) that too few rows have; two values are no scale."""
    distinct, counts = np.unique(values, return_counts=True)
    rare = [str(int(value)) for value in distinct[counts < MIN_ROWS_PER_CLASS]]
    return ", ".join(rare[:5]) if len(distinct) > 2 else ""


def _classes(name: str, known: Column, values: Column, column: TypedColumn) -> Target:
    distinct, positions, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        raise _single_class(name)
    if len(distinct) > MAX_CLASSES:
        raise TrainingRefused(
            "too_many_classes",
            f"The target {name!r} has {len(distinct)} different values; at most {MAX_CLASSES} can be told apart.",
            "Choose a column with fewer values, group them, or ask for regression if it is a number.",
        )
    kind = _class_kind(column)
    texts = tuple(_class_text(value, kind) for value in distinct)
    rare = [f"{text} ({count})" for text, count in zip(texts, counts, strict=True) if count < MIN_ROWS_PER_CLASS]
    if rare:
        raise TrainingRefused(
            "too_few_rows_per_class",
            f"Each class of {name!r} needs at least {MIN_ROWS_PER_CLASS} rows; too few: {', '.join(rare[:5])}.",
            "Collect more rows of these classes, join them with others, or remove their rows.",
        )
    task = Task.BINARY if len(distinct) == 2 else Task.MULTICLASS
    return Target(name, task, known, positions.astype(np.int64), texts, kind)


def _class_kind(column: TypedColumn) -> ClassKind:
    if column.profile.content is Content.BOOLEAN:
        return ClassKind.BOOLEAN
    return ClassKind.INTEGER if column.integer else ClassKind.STRING


def _class_text(value: float | str, kind: ClassKind) -> str:
    if kind is ClassKind.BOOLEAN:
        return "true" if value else "false"
    return str(int(value)) if kind is ClassKind.INTEGER else str(value)


def _single_class(name: str) -> TrainingRefused:
    return TrainingRefused(
        "single_class", f"The target {name!r} has the same value in every row.", "Add rows with another value."
    )
