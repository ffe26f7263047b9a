"""The tables of documents, their revisions and the chunks of these.

A document shows the revision that `revision` names, which is complete; `latest` may be one that is still being made.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rag.indexing.ports import Scalar
from servicekit.database import Base, JsonDocument, uuid7


class RevisionState(StrEnum):
    """How far a revision is."""

    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class Document(Base):
    """A named document of one tenant."""

    __tablename__ = "documents"
    __table_args__ = (
        Index("uq_documents_tenant_name", "tenant", "name", unique=True),
        Index("ix_documents_revision", "revision"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    tenant: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(255))
    revision: Mapped[UUID | None]
    latest: Mapped[UUID]
    tags: Mapped[list[str]] = mapped_column(JsonDocument)
    facts: Mapped[dict[str, Scalar]] = mapped_column("metadata", JsonDocument)
    actor: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Revision(Base):
    """One uploaded content of a document; the file is in the object storage."""

    __tablename__ = "revisions"
    __table_args__ = (
        Index("uq_revisions_document_id_number", "document_id", "number", unique=True),
        Index("ix_revisions_tenant_sha256", "tenant", "sha256"),
        Index("ix_revisions_state", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    tenant: Mapped[str] = mapped_column(String(128))
    number: Mapped[int]
    """Counts from 1 within the document; of two that are ready the higher one is shown."""
    state: Mapped[str] = mapped_column(String(16), default=RevisionState.PROCESSING)
    media_type: Mapped[str] = mapped_column(String(255))
    """What the uploader said, until parsing has found it out."""
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    pages: Mapped[int | None]
    chunks: Mapped[int | None]
    """Set when the revision is ready."""
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(Text)
    error_hint: Mapped[str | None] = mapped_column(Text)
    job_id: Mapped[UUID]
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]


class StoredChunk(Base):
    """One chunk of a revision."""

    __tablename__ = "chunks"
    __table_args__ = (Index("ix_chunks_revision_id_parent", "revision_id", "parent"),)

    revision_id: Mapped[UUID] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    heading: Mapped[list[str]] = mapped_column(JsonDocument)
    page: Mapped[int]
    page_end: Mapped[int]
    breaks: Mapped[list[int]] = mapped_column(JsonDocument)
    parent: Mapped[int]
    tokens: Mapped[int]
