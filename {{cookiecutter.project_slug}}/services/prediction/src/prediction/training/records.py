"""What a training has measured, as plain records: whoever shows them need not load the libraries that train."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class Metric(BaseModel):
    """A measure with the bounds of its 95 % confidence interval (percentile bootstrap over the held-out rows)."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trial:
    """How one candidate did. `score` is the mean over the folds, in its natural sign; `deviation` its spread."""

    name: str
    family: str
    score: float
    deviation: float
    seconds: float
