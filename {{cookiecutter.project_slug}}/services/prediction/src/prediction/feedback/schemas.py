"""What callers send and get back about labels and quality."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)

from prediction.feedback.quality import Estimate

PredictionId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
Text = Annotated[StrictStr, Field(max_length=1000, pattern=r"^[^\x00]*$")]  # PostgreSQL stores no zero bytes
Integer = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
Number = Annotated[StrictFloat, Field(allow_inf_nan=False)]
Truth = StrictBool | Integer | Number | Text


def _text_only(value: object) -> object:
    """Refuse what pydantic would take for seconds since 1970."""
    if value is not None and not isinstance(value, str | datetime):
        msg = "must be text such as 2026-11-20T19:08:00Z"
        raise ValueError(msg)
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text_only)]


class FeedbackItem(BaseModel):
    """The truth about one prediction: the class for a classifier, the number for a regression."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: PredictionId
    label: Truth = Field(description="The true class, as the model answers it, or the true value.")
    observed_at: Moment | None = Field(default=None, description="When it became known.")


class FeedbackRequest(BaseModel):
    """Labels of any of the tenant's models."""

    model_config = ConfigDict(extra="forbid")

    items: list[FeedbackItem] = Field(min_length=1, max_length=1000)


class FeedbackStatus(StrEnum):
    """What became of one label."""

    STORED = "stored"
    UNCHANGED = "unchanged"  # the same label was known
    CORRECTED = "corrected"  # another label was known; this one counts from now on
    PENDING = "pending"  # kept; the prediction is young and not in the database yet
    NOT_FOUND = "not_found"  # not kept: the tenant has no such prediction


class FeedbackResult(BaseModel):
    """What became of one label, in the order of the request."""

    prediction_id: str
    status: FeedbackStatus


class FeedbackAnswer(BaseModel):
    """What became of each label. `accepted` counts all but the ones not found."""

    accepted: int
    not_found: int
    results: list[FeedbackResult]


class VersionQuality(BaseModel):
    """How well one version did in one role."""

    version: str
    variant: str  # champion, challenger or shadow
    predictions: int
    labelled: int
    unusable: int = 0  # labels that are no class of the version: they came before their predictions were known
    labelled_share: float
    first_at: datetime
    last_at: datetime
    metrics: dict[str, Estimate] = {}  # empty without labels
    sampled: bool = False  # there are more labels than are read; the newest were


class OnlineMetrics(BaseModel):
    """Quality of a model's recent predictions."""

    model: str
    window_start: datetime
    window_end: datetime
    versions: list[VersionQuality]
