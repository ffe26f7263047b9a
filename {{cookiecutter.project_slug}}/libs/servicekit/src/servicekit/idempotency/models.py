"""The table of answers to requests that carried an Idempotency-Key."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database.base import Base
from servicekit.database.types import JsonDocument


class IdempotencyRecord(Base):
    """One key of one tenant on one route: first a reservation, then the stored answer."""

    __tablename__ = "idempotency_records"
    __table_args__ = (Index("ix_idempotency_records_expires_at", "expires_at"),)

    tenant: Mapped[str] = mapped_column(String(128), primary_key=True)
    route: Mapped[str] = mapped_column(String(255), primary_key=True)
    """Method and template of the path: `POST /v1/models/{name}/trainings`."""
    key: Mapped[str] = mapped_column(String(255), primary_key=True)

    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what was asked."""
    token: Mapped[str] = mapped_column(String(64))
    """Made anew for each execution: only its holder may store an answer."""
    expires_at: Mapped[datetime]
    """While reserved: when a crashed execution is given up. Then: when the answer is forgotten."""
    status: Mapped[int | None]
    """The answer's status; None while the request is in work."""
    headers: Mapped[dict[str, str] | None] = mapped_column(JsonDocument)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
