"""The `labels` table: what turned out to be true."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base


class Label(Base):
    """The truth about one prediction. It may arrive before the prediction does: the two meet when they are read."""

    __tablename__ = "labels"

    tenant: Mapped[str] = mapped_column(String(128), primary_key=True)
    prediction_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(Text)  # the true class, or the true value as text
    value: Mapped[float | None]  # the number, when it is one
    observed_at: Mapped[datetime | None]  # when it became true, as the caller says
    received_at: Mapped[datetime] = mapped_column(index=True)  # when the latest word about it came
    corrections: Mapped[int] = mapped_column(default=0)  # how often a later word changed it
