"""The table of jobs: the truth about background work. A broker only carries ids and may lose them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database.base import Base
from servicekit.database.ids import uuid7
from servicekit.database.types import Json, JsonDocument


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Refused by its handler."""
    CANCELLED = "cancelled"
    DEAD_LETTER = "dead_letter"
    """All attempts are used; `error_code` says why the last one ended."""


FINISHED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.DEAD_LETTER)


class Job(Base):
    """One piece of work of one tenant."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("uq_jobs_tenant_kind_key", "tenant", "kind", "key", unique=True),
        Index("ix_jobs_tenant_id", "tenant", "id"),
        Index("ix_jobs_state_run_after", "state", "run_after"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    tenant: Mapped[str] = mapped_column(String(128))
    actor: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(128))
    key: Mapped[str | None] = mapped_column(String(255))
    """The caller's idempotency key: a second job with the same is the first one."""
    queue: Mapped[str] = mapped_column(String(128))
    params: Mapped[dict[str, Json]] = mapped_column(JsonDocument)
    trace: Mapped[dict[str, str]] = mapped_column(JsonDocument)
    """W3C trace context and request id of whoever asked for the work."""

    state: Mapped[str] = mapped_column(String(16), default=JobState.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int]
    timeout_seconds: Mapped[float]
    run_after: Mapped[datetime]
    published_at: Mapped[datetime | None]
    """When the id was handed to the broker; None while the scheduler has yet to do it."""

    lease_owner: Mapped[str | None] = mapped_column(String(64))
    """A token made anew for each claim: only its holder may write to the job."""
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)

    progress_fraction: Mapped[float] = mapped_column(default=0.0)
    progress_message: Mapped[str | None] = mapped_column(Text)
    result: Mapped[Json] = mapped_column(JsonDocument)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(Text)
    error_hint: Mapped[str | None] = mapped_column(Text)

    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    """When the present or last attempt began."""
    finished_at: Mapped[datetime | None]
