"""Online quality held against the test metrics of the training."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from prediction.drift.settings import MonitoringSettings
from prediction.feedback.quality import Estimate, worse_than
from prediction.feedback.schemas import OnlineMetrics, VersionQuality

WATCHED = ("accuracy", "roc_auc", "rmse")  # figures whose loss is a breach; log loss is too uneven to be one


class QualityStatus(StrEnum):
    """What a check found."""

    GOOD = "good"
    BREACH = "breach"
    NOT_ENOUGH_DATA = "not_enough_data"


class QualityFinding(BaseModel):
    """One figure beside its value on the held-out test set."""

    model_config = ConfigDict(frozen=True)

    metric: str
    online: Estimate
    test: float
    breached: bool


class QualityReport(BaseModel):
    """One check of one version's labelled answers."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    status: QualityStatus
    created_at: datetime
    predictions: int
    labelled: int
    minimum_labels: int
    findings: list[QualityFinding] = []
    metrics: dict[str, Estimate] = {}  # everything that was computed


def judge_quality(
    online: OnlineMetrics, version: str, test_metrics: Mapping[str, float], settings: MonitoringSettings
) -> QualityReport:
    """Judge the answers that a version gave (not those made in another's shadow) in its best-labelled role."""
    answered = [entry for entry in online.versions if entry.version == version and entry.variant != "shadow"]
    entry = max(answered, key=lambda each: each.labelled, default=None)
    labelled = entry.labelled - entry.unusable if entry else 0
    enough = entry is not None and labelled >= settings.minimum_labels
    findings = _findings(entry, test_metrics, settings) if entry and enough else []
    status = QualityStatus.BREACH if any(finding.breached for finding in findings) else QualityStatus.GOOD
    return QualityReport(
        model=online.model,
        version=version,
        status=status if enough else QualityStatus.NOT_ENOUGH_DATA,
        created_at=online.window_end,
        predictions=entry.predictions if entry else 0,
        labelled=labelled,
        minimum_labels=settings.minimum_labels,
        findings=findings,
        metrics=entry.metrics if entry else {},
    )


def _findings(
    entry: VersionQuality, test_metrics: Mapping[str, float], settings: MonitoringSettings
) -> list[QualityFinding]:
    return [
        QualityFinding(
            metric=name,
            online=entry.metrics[name],
            test=test_metrics[name],
            breached=worse_than(entry.metrics[name], name, test_metrics[name], settings.metric_tolerance),
        )
        for name in WATCHED
        if name in entry.metrics and name in test_metrics
    ]
