"""What callers see of checks and retrainings."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prediction.drift.report import DriftReport
from prediction.feedback.report import QualityReport


class Decision(StrEnum):
    """Whether a check started a retraining, and if not, why."""

    STARTED = "started"
    NO_BREACH = "no_breach"
    OFF = "off"  # by settings
    COOLING_DOWN = "cooling_down"  # the model was trained anew a short time ago
    NOT_ENOUGH_LABELS = "not_enough_labels"


class CheckParams(BaseModel):
    """One check of one model."""

    model_config = ConfigDict(extra="forbid")

    model: str
    hours: float | None = None  # None: as the settings say


class SweepParams(BaseModel):
    """One check of every model."""


class SweepResult(BaseModel):
    """What a sweep did."""

    checked: int
    drifted: int
    retrainings: int
    failed: list[str]  # "tenant/model: why"


class CheckResult(BaseModel):
    """What one check found and did."""

    drift: DriftReport
    quality: QualityReport
    retraining: Decision
    retraining_id: UUID | None = None


class RetrainingParams(BaseModel):
    """One retraining; the rest is in its row."""

    model: str


class RetrainingView(BaseModel):
    """One retraining of a model. Its id is that of its job."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: str = Field(description="The version that left its bounds.")
    trigger: str = Field(description="`drift` or `quality`.")
    reason: str
    created_at: datetime
    rows: int | None = Field(description="Labelled predictions it was trained on.")
    challenger: str | None = Field(description="The version it made.")
    promoted: bool | None
    outcome: str | None = Field(description="What came of it; null while it runs.")


class RetrainingList(BaseModel):
    """The retrainings of a model, newest first."""

    model: str
    retrainings: list[RetrainingView]
