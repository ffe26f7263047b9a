"""What the caller of a training may choose."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, model_validator

from prediction.fields import Number, NumberOnly, WholeNumber

# A double hyphen would make two owners' models look the same in a registry that knows no owners.
NewModelName = Annotated[str, StringConstraints(pattern=r"^[a-z](-?[a-z0-9])*$", max_length=63)]


class TaskChoice(StrEnum):
    """Which kind of answer is wanted; `auto` looks at the target."""

    AUTO = "auto"
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class EstimatorName(StrEnum):
    """A family of models."""

    LINEAR = "linear"  # logistic or ridge regression
    FOREST = "forest"  # random forest
    EXTRA_TREES = "extra-trees"  # extremely randomised trees
    BOOSTING = "boosting"  # histogram gradient boosting


class ClassWeight(StrEnum):
    """Whether rare classes count as much as frequent ones."""

    NONE = "none"  # probabilities stay those of the data
    BALANCED = "balanced"  # labels find more of the rare class; probabilities are not calibrated


class TrainingOptions(BaseModel):
    """Options of one training; the defaults suit most tables."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "not": {
                "properties": {"in_order": {"const": True}, "time_column": {"type": "string"}},
                "required": ["in_order", "time_column"],
            }
        },
    )

    task: TaskChoice = TaskChoice.AUTO
    estimators: tuple[EstimatorName, ...] = ()  # empty: those that suit the size of the data
    calibrate: StrictBool = True  # correct probabilities where that lowers the log loss
    class_weight: ClassWeight = ClassWeight.NONE
    test_fraction: Number = Field(default=0.2, ge=0.05, le=0.5)
    folds: WholeNumber = Field(default=5, ge=2, le=10)
    seed: WholeNumber = Field(default=7, ge=0, lt=2**32)
    time_column: str | None = None  # orders the rows: the newest are held out
    in_order: StrictBool = False  # the rows are in the order of time already
    exclude: tuple[str, ...] = ()  # columns that must not be features
    keep_leaking: StrictBool = False  # use columns that predict the target almost perfectly on their own
    max_rows: Annotated[int, Field(ge=20), NumberOnly] | None = None  # sample down to this many rows
    time_limit_seconds: Annotated[float, Field(gt=0), NumberOnly] | None = None  # of the search; one is always tried
    promote: StrictBool = False  # ask the gate at once, instead of leaving the new version as challenger

    @model_validator(mode="after")
    def _one_order(self) -> "TrainingOptions":
        if self.time_column is not None and self.in_order:
            raise ValueError("give time_column or in_order, not both")
        return self

    @property
    def ordered(self) -> bool:
        """Whether rows have an order in time."""
        return self.in_order or self.time_column is not None
