"""The table of uploaded data sets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base, Json, JsonDocument, uuid7


class Dataset(Base):
    """One uploaded file of one tenant; its content is in the object storage."""

    __tablename__ = "datasets"
    __table_args__ = (Index("uq_datasets_tenant_sha256", "tenant", "sha256", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    tenant: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    profile: Mapped[dict[str, Json]] = mapped_column(JsonDocument)
    actor: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
