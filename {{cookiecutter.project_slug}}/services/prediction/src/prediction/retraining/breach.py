"""What of a check's findings calls for a new training."""

from dataclasses import dataclass
from typing import Literal

from prediction.drift.report import DriftReport, DriftStatus
from prediction.feedback.report import QualityReport, QualityStatus

Trigger = Literal["drift", "quality"]
_NAMED = 5  # columns in a sentence


@dataclass(frozen=True, slots=True)
class Breach:
    """A model left its bounds."""

    trigger: Trigger
    reason: str


def find_breach(drift: DriftReport, quality: QualityReport) -> Breach | None:
    """Return the breach in two reports; worse answers weigh more than changed data."""
    if quality.status is QualityStatus.BREACH:
        worst = next(finding for finding in quality.findings if finding.breached)
        return Breach("quality", f"{worst.metric} is {worst.online.value:.3f} instead of {worst.test:.3f}")
    if drift.status is DriftStatus.DRIFT:
        names = [column.name for column in drift.drifted]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return Breach("drift", f"drift in {', '.join(names[:_NAMED])}{more}")
    return None
