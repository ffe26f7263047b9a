"""The `monitoring_reports` table: what each check of a model found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base, JsonDocument, uuid7
from servicekit.database.types import Json


class MonitoringReport(Base):
    """One check of one version: of its data ("drift") or of its answers against labels ("quality")."""

    __tablename__ = "monitoring_reports"
    __table_args__ = (Index(None, "tenant", "model", "kind", "created_at"), Index(None, "created_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    tenant: Mapped[str] = mapped_column(String(128))
    model: Mapped[str] = mapped_column(String(63))
    version: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(24))
    created_at: Mapped[datetime]
    document: Mapped[Json] = mapped_column(JsonDocument, nullable=False)
