"""Settings of monitoring: what is looked at, how often, when it counts as a breach, and what a breach starts."""

from pydantic import Field

from servicekit.settings import Group


class MonitoringSettings(Group):
    """Thresholds and intervals of drift checks, online metrics and retraining."""

    check_minutes: int = Field(default=15, ge=1, description="Pause between two scheduled checks of all models")
    window_hours: float = Field(default=24, gt=0, description="Predictions of the last hours that a check looks at")
    minimum_rows: int = Field(default=200, ge=30, description="Fewer predictions than this are not enough to judge")
    maximum_rows: int = Field(default=1_000_000, ge=1000, description="Newest predictions of the window that are read")

    psi: float = Field(default=0.2, gt=0, description="Population stability index from which a column has drifted")
    distance: float = Field(default=0.15, gt=0, lt=1, description="Kolmogorov-Smirnov distance from which it has")
    missing_difference: float = Field(default=0.1, gt=0, lt=1, description="Change of the missing share that counts")
    significance: float = Field(default=0.01, gt=0, lt=0.5, description="Chance of a false alarm per check")

    minimum_labels: int = Field(default=100, ge=20, description="Fewer labels are not enough to judge quality")
    quality_hours: float = Field(default=168, gt=0, description="Predictions of the last hours whose labels are judged")
    metric_tolerance: float = Field(
        default=0.1, gt=0, lt=1, description="Share of the test metric that may be lost before it is a breach"
    )

    retraining: bool = Field(default=True, description="Whether a breach starts a training")
    retraining_cooldown_hours: float = Field(default=24, gt=0, description="Pause between two retrainings of a model")
    retraining_minimum_rows: int = Field(default=200, ge=50, description="Labelled predictions that a training needs")
    retraining_maximum_rows: int = Field(default=200_000, ge=1000, description="Newest labelled predictions it takes")

    feedback_items: int = Field(default=1000, ge=1, le=1000, description="Most labels in one request")
    feedback_grace_minutes: int = Field(
        default=10, ge=0, description="How long an unseen prediction id may be on its way"
    )
    board_seconds: float = Field(default=15, gt=0, description="Pause between two readings of the gauges")
    retention_days: int = Field(
        default=90, ge=1, description="Age at which predictions, labels and reports are deleted"
    )
