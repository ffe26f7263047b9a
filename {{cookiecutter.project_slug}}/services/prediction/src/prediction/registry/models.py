"""The tables of releases: how traffic is divided, and who changed what. Roles themselves live in the registry."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base, JsonDocument, uuid7
from servicekit.database.types import Json


class ReleasePolicy(Base):
    """How one model's traffic is divided, and the change of roles that is under way."""

    __tablename__ = "release_policies"

    tenant: Mapped[str] = mapped_column(String(128), primary_key=True)
    model: Mapped[str] = mapped_column(String(63), primary_key=True)
    canary_percent: Mapped[int] = mapped_column(default=0)
    """Share of the requests that the challenger answers, 0 to 100."""
    shadow: Mapped[bool] = mapped_column(default=False)
    """Whether the challenger also predicts, unseen, what the champion answers."""
    pending: Mapped[Json] = mapped_column(JsonDocument, default=None)
    """A change of roles that has been decided and may not be finished; the next change finishes it first."""
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    """While it lasts, only the owner may change roles."""


class ReleaseEvent(Base):
    """One entry of the audit log; never changed or deleted."""

    __tablename__ = "release_events"
    __table_args__ = (Index("ix_release_events_tenant_model_id", "tenant", "model", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    tenant: Mapped[str] = mapped_column(String(128))
    model: Mapped[str] = mapped_column(String(63))
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(32))
    version: Mapped[str | None] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(255))
    forced: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Json]] = mapped_column(JsonDocument, default=dict)
