"""What the service answers about quality and money. Fields that are not named here are passed over."""

from datetime import date, datetime

from pydantic import BaseModel, JsonValue

from ui.http.jobs import State


class Estimate(BaseModel):
    """A metric with its 95 % interval."""

    value: float
    low: float | None = None
    high: float | None = None
    cases: int | None = None


class Difference(BaseModel):
    """By how much a metric changes with the second configuration."""

    first: float
    second: float
    difference: float
    low: float | None = None
    high: float | None = None
    verdict: str


class Timing(BaseModel):
    """Milliseconds of one stage."""

    p50: float
    p95: float


class Row(BaseModel):
    """One question of an evaluation."""

    id: str
    kind: str
    question: str
    expected: str = ""
    answer: str | None = None
    abstained: bool | None = None
    scores: dict[str, float] = {}
    error: str | None = None


class Report(BaseModel):
    """The result of one configuration."""

    configuration: dict[str, JsonValue] = {}
    metrics: dict[str, Estimate]
    kinds: dict[str, dict[str, Estimate]] = {}
    timings_ms: dict[str, Timing] = {}
    rows: list[Row] = []


class Comparison(BaseModel):
    """Two configurations on the same questions."""

    first: dict[str, JsonValue] = {}
    second: dict[str, JsonValue] = {}
    metrics: dict[str, Difference]


class EvaluationSummary(BaseModel):
    """An evaluation in a list. It has the id of its job."""

    id: str
    set: str
    cases: int
    state: State
    created_at: datetime
    finished_at: datetime | None = None
    metrics: dict[str, Estimate] = {}


class EvaluationPage(BaseModel):
    """Some evaluations, newest first."""

    items: list[EvaluationSummary]
    next_cursor: str | None = None


class Evaluation(BaseModel):
    """An evaluation with everything."""

    id: str
    set: str
    cases: int
    state: State
    created_at: datetime
    report: Report | None = None
    comparison: Comparison | None = None


class UsageLine(BaseModel):
    """What was used on one day by one model."""

    day: date | None = None
    model: str | None = None
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0


class Budget(BaseModel):
    """What may be spent today."""

    limit_usd: float
    spent_usd: float
    reserved_usd: float = 0


class Usage(BaseModel):
    """What was used, and what may be."""

    items: list[UsageLine]
    budget: Budget | None = None


class StopSwitch(BaseModel):
    """Whether models may be called at all."""

    stopped: bool = False
    reason: str = ""
    actor: str | None = None
    changed_at: datetime | None = None
