"""The answer to "has it drifted?", column by column."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["numeric", "category", "time"]
Role = Literal["feature", "output"]


class DriftStatus(StrEnum):
    """What a check found."""

    STABLE = "stable"
    DRIFT = "drift"
    NOT_ENOUGH_DATA = "not_enough_data"


class ColumnDrift(BaseModel):
    """How one feature, or one output of the model, differs from the training data."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    kind: Kind
    drifted: bool
    reason: str | None = None  # a sentence, when it drifted
    psi: float | None = None
    distance: float | None = None  # Kolmogorov-Smirnov; numbers only
    p_value: float | None = None  # of the distribution, adjusted for all tests of the report
    missing_share: float
    reference_missing_share: float
    missing_p_value: float | None = None  # adjusted likewise


class DriftReport(BaseModel):
    """One check of one version's traffic against its training data."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    status: DriftStatus
    created_at: datetime
    window_start: datetime
    window_end: datetime
    rows: int
    minimum_rows: int
    truncated: bool = False  # the window held more rows than are read; the newest were
    columns: list[ColumnDrift] = []

    @property
    def drifted(self) -> list[ColumnDrift]:
        """Return the columns that drifted, the furthest first."""
        return sorted((column for column in self.columns if column.drifted), key=lambda column: -(column.psi or 0.0))


class DriftHistory(BaseModel):
    """The latest checks of a model, newest first."""

    model: str
    latest: DriftReport | None
    reports: list[DriftReport]
