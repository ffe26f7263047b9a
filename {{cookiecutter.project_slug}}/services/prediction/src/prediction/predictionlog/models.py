"""The `predictions` table: one row per scored row of a request."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base


class Prediction(Base):
    """An answer that was given, or that a version in the shadow would have given to the same request."""

    __tablename__ = "predictions"
    __table_args__ = (Index(None, "tenant", "model", "version", "at"), Index(None, "at"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    variant: Mapped[str] = mapped_column(String(16), primary_key=True)  # champion, challenger or shadow
    tenant: Mapped[str] = mapped_column(String(128))
    model: Mapped[str] = mapped_column(String(63))
    version: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    request_id: Mapped[str] = mapped_column(String(128))
    key: Mapped[str | None] = mapped_column(Text)
    features: Mapped[str] = mapped_column(Text)  # the caller's JSON object, kept as it came
    label: Mapped[str | None] = mapped_column(Text)
    score: Mapped[float]
    probabilities: Mapped[str | None] = mapped_column(Text)  # JSON object, class to probability
