"""The signature of a model: which columns it takes, what each may contain, and what it answers.

The schema is made once, at training, and stored in the model's bundle. Serving builds its request decoder from it,
monitoring its reference, and the documentation its JSON Schema.
"""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class Task(StrEnum):
    """What kind of answer a model gives."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class FeatureKind(StrEnum):
    """How a column is read from a request and written into the model's input matrix."""

    NUMERIC = "numeric"  # one column: the number
    BOOLEAN = "boolean"  # one column: 0 or 1
    CATEGORY = "category"  # one column: the position of the value in `Feature.categories`
    DATETIME = "datetime"  # four columns, UTC: days since 1970-01-01, month 1-12, weekday 0-6 (Monday 0), hour


class ClassKind(StrEnum):
    """The type that class labels had in the training data, and so have in answers."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"


Scalar = float | int | bool | str


class Feature(BaseModel):
    """One input column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: FeatureKind
    integer: bool = False  # numeric only: training saw whole numbers only
    nullable: bool = False  # training saw missing values, so a request may send null or leave the field out
    categories: tuple[str, ...] = ()  # category only: every value that training saw, sorted; others are refused
    minimum: float | None = None  # numeric only: the range that training saw; information, not a bound
    maximum: float | None = None
    typical: Scalar | None = None  # median, or most frequent value: examples and explanations start from it


class ModelSchema(BaseModel):
    """Inputs and answer of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    target: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...] = ()  # classification only, in the order of the model's probabilities
    class_kind: ClassKind = ClassKind.STRING

    @model_validator(mode="after")
    def _classes_fit_the_task(self) -> Self:
        expected = {Task.REGRESSION: self.classes == (), Task.BINARY: len(self.classes) == 2}
        if not expected.get(self.task, len(self.classes) >= 3):
            msg = f"a {self.task} model cannot have {len(self.classes)} classes"
            raise ValueError(msg)
        if len({feature.name for feature in self.features}) != len(self.features):
            msg = "feature names must be unique"
            raise ValueError(msg)
        return self

    def label(self, position: int) -> Scalar:
        """Return the class label at `position` of the probabilities, in the type it had in the training data."""
        text = self.classes[position]
        if self.class_kind is ClassKind.INTEGER:
            return int(text)
        if self.class_kind is ClassKind.BOOLEAN:
            return text == "true"
        return text
