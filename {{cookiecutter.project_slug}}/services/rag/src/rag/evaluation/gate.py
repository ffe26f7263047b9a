"""The gate: metrics that must keep their bounds. `gate.toml` holds the bounds, each with its reason."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.evaluation.report import Estimate, Report
from rag.evaluation.scoring import METRICS

BOUNDS = Path(__file__).parent / "gate.toml"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a metric must at least, or at most, be."""

    metric: str
    value: float
    reason: str

    @property
    def is_minimum(self) -> bool:
        """Whether more is better."""
        return METRICS[self.metric].more_is_better

    def holds(self, estimate: Estimate | None) -> bool:
        """Tell whether the metric keeps the bound; one that could not be measured does not."""
        if estimate is None or math.isnan(estimate.value):
            return False
        return estimate.value >= self.value if self.is_minimum else estimate.value <= self.value


@dataclass(frozen=True, slots=True)
class Breach:
    """A bound that was not kept."""

    bound: Bound
    value: float | None
    """None when the metric was not measured."""

    def __str__(self) -> str:
        measured = "was not measured" if self.value is None else f"is {self.value:.3f}"
        limit = "at least" if self.bound.is_minimum else "at most"
        return f"{self.bound.metric} {measured}, it must be {limit} {self.bound.value:g}: {self.bound.reason}"


def read_bounds(path: Path = BOUNDS) -> tuple[Bound, ...]:
    """Read bounds; ValueError names a metric that does not exist or a bound without value or reason."""
    table: Mapping[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_bound(path.name, metric, entry) for metric, entry in table.items())


def breaches(report: Report, bounds: tuple[Bound, ...]) -> tuple[Breach, ...]:
    """Return the bounds that the report does not keep."""
    return tuple(
        Breach(bound, estimate.value if (estimate := report.metrics.get(bound.metric)) else None)
        for bound in bounds
        if not bound.holds(report.metrics.get(bound.metric))
    )


def _bound(name: str, metric: str, entry: object) -> Bound:
    if metric not in METRICS:
        raise ValueError(f"{name}: there is no metric {metric}")
    match entry:
        case {"bound": int() | float() as value, "reason": str() as reason} if reason:
            return Bound(metric, float(value), reason)
    raise ValueError(f"{name}: {metric} needs a bound and a reason")
