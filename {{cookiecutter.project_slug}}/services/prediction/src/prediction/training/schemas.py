"""What a training is asked for, and what it answers."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prediction.artifacts.schema import Task
from prediction.training.options import TrainingOptions
from prediction.training.records import Metric


class TrainingRequest(BaseModel):
    """The body of a request to train."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: UUID
    target: str = Field(min_length=1, max_length=1_000)
    options: TrainingOptions = TrainingOptions()


class TrainingParams(BaseModel):
    """The parameters of a training job."""

    model_config = ConfigDict(frozen=True)

    model: str
    dataset: UUID
    target: str
    options: TrainingOptions = TrainingOptions()


class TrainingResult(BaseModel):
    """What a training job has made."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    champion: bool  # whether the version answers requests now
    decision: str  # what became of the version, in a sentence
    task: Task
    estimator: str
    training_rows: int
    held_out_rows: int
    metrics: dict[str, Metric]
    baseline: str
    dropped: dict[str, str]
    notes: tuple[str, ...]
