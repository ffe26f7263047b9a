"""The `evaluations` table."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base, Json, JsonDocument


class Evaluation(Base):
    """One evaluation of a tenant's documents. It has the id of its job."""

    __tablename__ = "evaluations"
    __table_args__ = (Index(None, "tenant", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(64))  # of the set of questions
    cases: Mapped[int]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    mlflow_run: Mapped[str | None] = mapped_column(String(64))
    report: Mapped[Json] = mapped_column(JsonDocument, nullable=False)  # a `Report`; null until the job has succeeded
    comparison: Mapped[Json] = mapped_column(JsonDocument, nullable=False)  # a `Comparison`; null when there is none
