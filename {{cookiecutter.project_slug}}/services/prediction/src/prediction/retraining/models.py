"""The `retrainings` table: why a model was trained anew, and what came of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base


class Retraining(Base):
    """One retraining, started by a breach. It has the id of its job."""

    __tablename__ = "retrainings"
    __table_args__ = (Index(None, "tenant", "model", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(String(128))
    model: Mapped[str] = mapped_column(String(63))
    version: Mapped[str] = mapped_column(String(32))  # the one that left its bounds
    trigger: Mapped[str] = mapped_column(String(16))  # drift or quality
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    rows: Mapped[int | None]  # labelled predictions it was trained on
    challenger: Mapped[str | None] = mapped_column(String(32))  # the version it made
    promoted: Mapped[bool | None]
    outcome: Mapped[str | None] = mapped_column(Text)  # a sentence; None while the job runs
