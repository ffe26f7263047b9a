"""From the model's numbers to the answer of a request."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from prediction.artifacts.schema import ModelSchema, Scalar, Task
from prediction.serving.errors import Unscorable

Variant = Literal["champion", "challenger"]
Output = float | Sequence[float]  # the value of a regression, or the probability of each class


class Contribution(msgspec.Struct, frozen=True):
    """What one feature's value did to the answer; see `prediction.explanations.ablation`."""

    feature: str
    value: Scalar | None
    typical: Scalar | None
    contribution: float


class ClassPrediction(msgspec.Struct, omit_defaults=True, gc=False):
    """The answer of a classifier to one row."""

    id: str
    label: Scalar
    probability: float  # of the label
    probabilities: dict[str, float]  # of every class
    explanation: list[Contribution] | None = None


class ValuePrediction(msgspec.Struct, omit_defaults=True, gc=False):
    """The answer of a regression to one row."""

    id: str
    value: float
    explanation: list[Contribution] | None = None


Prediction = ClassPrediction | ValuePrediction


class PredictAnswer(msgspec.Struct, gc=False):
    """The answer to a request."""

    model: str
    version: str
    variant: Variant
    predictions: list[Prediction]


encode_answer = msgspec.json.Encoder().encode


class AnswerMaker:
    """Names the numbers of one model."""

    def __init__(self, schema: ModelSchema) -> None:
        self._classes = schema.classes
        self._labels = [schema.label(position) for position in range(len(schema.classes))]
        self._make = self._value if schema.task is Task.REGRESSION else self._class

    def predictions(self, request: str, outputs: Sequence[Output]) -> list[Prediction]:
        """Return the predictions of a request's rows. The first has the request's id, row 3 has `<id>-3`.

        Raises:
            Unscorable: a number is not finite.
        """
        return [self._make(request if row == 0 else f"{request}-{row}", row, out) for row, out in enumerate(outputs)]

    def _class(self, name: str, row: int, output: Output) -> Prediction:
        assert isinstance(output, Sequence)  # noqa: S101 - states the type: classifiers answer a list per row
        best = max(output)
        if not best <= 1:  # NaN is not; nor is a number that is no probability
            raise Unscorable(row)
        label = self._labels[output.index(best)]
        return ClassPrediction(name, label, best, dict(zip(self._classes, output, strict=True)))

    def _value(self, name: str, row: int, output: Output) -> Prediction:
        assert isinstance(output, float)  # noqa: S101 - states the type: regressions answer a number per row
        if not math.isfinite(output):
            raise Unscorable(row)
        return ValuePrediction(name, output)
