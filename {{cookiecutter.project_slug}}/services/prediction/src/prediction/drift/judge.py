"""From comparisons to a verdict: a column has drifted when the change is both large and no accident."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prediction.drift.reference import Profile
from prediction.drift.report import ColumnDrift, Role
from prediction.drift.settings import MonitoringSettings
from prediction.drift.statistics import holm, proportions_p
from prediction.drift.tally import Comparison


@dataclass(frozen=True, slots=True)
class Compared:
    """One column with its comparison."""

    name: str
    role: Role
    profile: Profile
    comparison: Comparison

    @property
    def missing_share(self) -> float:
        """Return today's share of missing values."""
        return self.comparison.missing / max(1, self.comparison.rows)

    @property
    def reference_missing_share(self) -> float:
        """Return the share of missing values at training."""
        return self.profile.missing / max(1, self.profile.rows)

    def missing_p(self) -> float:
        """Return the chance of today's share of missing values if it were that of the training."""
        return proportions_p(
            self.profile.missing, self.profile.rows, self.comparison.missing, max(1, self.comparison.rows)
        )


def judge(compared: Sequence[Compared], settings: MonitoringSettings) -> list[ColumnDrift]:
    """Judge all columns of a report together, so that many columns do not make a false alarm likelier."""
    distribution = [1.0 if item.comparison.p_value is None else item.comparison.p_value for item in compared]
    missing = [item.missing_p() for item in compared]
    adjusted = iter(holm([*distribution, *missing]))
    distribution_p = _take(adjusted, len(compared))
    missing_p = _take(adjusted, len(compared))
    return [
        _verdict(item, p, p_missing, settings)
        for item, p, p_missing in zip(compared, distribution_p, missing_p, strict=True)
    ]


def _take(values: Iterable[float], number: int) -> list[float]:
    iterator = iter(values)
    return [next(iterator) for _ in range(number)]


def _verdict(item: Compared, p: float, missing_p: float, settings: MonitoringSettings) -> ColumnDrift:
    reason = _distribution_reason(item.comparison, p, settings) or _missing_reason(item, missing_p, settings)
    return ColumnDrift(
        name=item.name,
        role=item.role,
        kind=item.profile.kind,
        drifted=reason is not None,
        reason=reason,
        psi=_rounded(item.comparison.psi),
        distance=_rounded(item.comparison.distance),
        p_value=None if item.comparison.p_value is None else p,
        missing_share=round(item.missing_share, 6),
        reference_missing_share=round(item.reference_missing_share, 6),
        missing_p_value=missing_p,
    )


def _distribution_reason(comparison: Comparison, p: float, settings: MonitoringSettings) -> str | None:
    if p >= settings.significance:
        return None
    if comparison.psi is not None and comparison.psi >= settings.psi:
        return f"population stability index {comparison.psi:.2f} (bound {settings.psi:g})"
    if comparison.distance is not None and comparison.distance >= settings.distance:
        return f"Kolmogorov-Smirnov distance {comparison.distance:.2f} (bound {settings.distance:g})"
    return None


def _missing_reason(item: Compared, p: float, settings: MonitoringSettings) -> str | None:
    difference = abs(item.missing_share - item.reference_missing_share)
    if p >= settings.significance or difference < settings.missing_difference:
        return None
    return f"{item.missing_share:.0%} missing instead of {item.reference_missing_share:.0%}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
