"""Tables of cached answers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base, JsonDocument
from servicekit.database.types import Json


class CachedAnswerRow(Base):
    """One complete answer of one tenant."""

    __tablename__ = "llm_answers"
    __table_args__ = (
        Index("uq_llm_answers_tenant_key", "tenant", "key", unique=True),
        Index("ix_llm_answers_tenant_scope_id", "tenant", "scope", "id"),
        Index("ix_llm_answers_tenant_id", "tenant", "id"),
        Index("ix_llm_answers_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(String(128))
    key: Mapped[str] = mapped_column(String(64))
    """SHA-256 of everything that the answer depends on."""
    scope: Mapped[str] = mapped_column(String(64))
    """The same without the question: only answers of one scope are compared by meaning."""
    question: Mapped[str | None] = mapped_column(Text)
    """What is compared by meaning; null when there is no such text."""
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The question's unit vector as little-endian float32."""
    fingerprint: Mapped[str | None] = mapped_column(String(255))
    """Of the embedder that made the vector."""
    provider: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(128))
    message: Mapped[dict[str, Json]] = mapped_column(JsonDocument)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AnswerTag(Base):
    """What an answer rests on, such as a document: purging the tag deletes the answer."""

    __tablename__ = "llm_answer_tags"
    __table_args__ = (Index("ix_llm_answer_tags_tenant_tag", "tenant", "tag"),)

    answer_id: Mapped[UUID] = mapped_column(ForeignKey("llm_answers.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(128), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(128))
