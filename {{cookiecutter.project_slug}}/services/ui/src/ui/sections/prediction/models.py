"""What the service answers, as far as these pages show it. Fields that are not named here are passed over."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, JsonValue

Task = Literal["binary", "multiclass", "regression"]
Cell = str | int | float | bool | None


class Version(BaseModel):
    """A version in a list."""

    version: str
    created_at: datetime
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}


class Model(BaseModel):
    """A model: which versions have a role, and how traffic is divided."""

    name: str
    champion: Version | None = None
    challenger: Version | None = None
    previous: Version | None = None
    canary_percent: int = 0
    shadow: bool = False
    task: Task | None = None

    def role(self, version: str) -> str | None:
        """Return the role that a version has."""
        roles = {"champion": self.champion, "challenger": self.challenger, "previous": self.previous}
        return next((name for name, holder in roles.items() if holder and holder.version == version), None)


class Models(BaseModel):
    """All models, by name."""

    items: list[Model]


class Versions(BaseModel):
    """All versions of a model, newest first."""

    items: list[Version]


class Estimate(BaseModel):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class Trial(BaseModel):
    """How one candidate did in training."""

    name: str
    score: float
    deviation: float


class Importance(BaseModel):
    """How much worse the model is without one feature."""

    feature: str
    loss_increase: float
    deviation: float


class Slice(BaseModel):
    """A part of the test rows on which the model does worse."""

    feature: str
    value: str
    rows: int
    loss: float
    ratio: float


class Data(BaseModel):
    """What a version was made from."""

    source: str
    features: list[str] = []
    dropped: dict[str, str] = {}
    notes: list[str] = []
    training_rows: int
    held_out_rows: int


class Training(BaseModel):
    """How a version was made."""

    model: str
    score: str
    trials: list[Trial] = []
    seconds: float = 0
    notes: list[str] = []


class Card(BaseModel):
    """What is known about a version since its birth."""

    target: str
    task: Task
    classes: list[str] = []
    data: Data
    training: Training
    metrics: dict[str, Estimate] = {}
    baseline: str = ""
    beats_baseline: bool = True
    importances: list[Importance] = []
    slices: list[Slice] = []
    limits: list[str] = []


class VersionDetails(Version):
    """A version with its card."""

    card: Card


class Event(BaseModel):
    """One entry of the audit log."""

    id: str
    at: datetime
    action: str
    version: str | None = None
    actor: str = ""
    forced: bool = False
    reason: str = ""


class Events(BaseModel):
    """The audit log of a model, newest first."""

    items: list[Event]


class Schema(BaseModel):
    """What a model takes."""

    model: str
    version: str
    task: Task
    target: str
    classes: list[str] = []
    request: dict[str, JsonValue]
    example: dict[str, JsonValue]


class Contribution(BaseModel):
    """How much one feature moved an answer away from a typical one."""

    feature: str
    value: Cell
    typical: Cell
    contribution: float


class Prediction(BaseModel):
    """One answer: a label with its probabilities, or a value."""

    id: str
    label: str | float | bool | None = None
    probability: float | None = None
    probabilities: dict[str, float] = {}
    value: float | None = None
    explanation: list[Contribution] = []


class Predictions(BaseModel):
    """The answers to a request."""

    model: str
    version: str
    variant: str
    predictions: list[Prediction]


class ColumnDrift(BaseModel):
    """How one column differs from the training data."""

    name: str
    role: str
    kind: str
    drifted: bool
    reason: str | None = None
    psi: float | None = None
    distance: float | None = None
    p_value: float | None = None
    missing_share: float
    reference_missing_share: float


class DriftReport(BaseModel):
    """One check of one version's traffic."""

    version: str
    status: Literal["stable", "drift", "not_enough_data"]
    created_at: datetime
    window_start: datetime
    window_end: datetime
    rows: int
    minimum_rows: int
    truncated: bool = False
    columns: list[ColumnDrift] = []


class DriftHistory(BaseModel):
    """The latest checks of a model, newest first."""

    latest: DriftReport | None = None
    reports: list[DriftReport] = []


class Quality(BaseModel):
    """How well one version did in one role."""

    version: str
    variant: str
    predictions: int
    labelled: int
    labelled_share: float
    metrics: dict[str, Estimate] = {}


class OnlineMetrics(BaseModel):
    """Quality of recent predictions."""

    window_start: datetime
    window_end: datetime
    versions: list[Quality] = []


class Retraining(BaseModel):
    """A training that a breach has started."""

    id: str
    version: str
    trigger: str
    reason: str
    created_at: datetime
    challenger: str | None = None
    promoted: bool | None = None
    outcome: str | None = None


class Retrainings(BaseModel):
    """The retrainings of a model, newest first."""

    retrainings: list[Retraining]
