"""Settings of the prediction log."""

from enum import StrEnum

from pydantic import Field

from servicekit.settings import Group

MEBIBYTE = 1024 * 1024


class WhenFull(StrEnum):
    """What happens to predictions while the log has no room."""

    REFUSE = "refuse"  # the request is answered with 503: no prediction without a record
    DROP = "drop"  # the request is answered, its record is lost and counted


class PredictionLogSettings(Group):
    """How much the log may hold before it reaches the database."""

    max_bytes: int = Field(default=256 * MEBIBYTE, ge=MEBIBYTE, description="Room for records not yet in the database")
    segment_bytes: int = Field(default=8 * MEBIBYTE, ge=64 * 1024, description="Size of one spool file")
    when_full: WhenFull = Field(
        default=WhenFull.REFUSE, description="refuse: answer 503; drop: answer and count the loss"
    )
    drain_seconds: float = Field(default=0.2, gt=0, le=60, description="Pause between two looks at the spool")
    flush_seconds: float = Field(default=10, ge=0, le=300, description="Time to empty the spool at shutdown")
