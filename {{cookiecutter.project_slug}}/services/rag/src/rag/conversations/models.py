"""Tables of conversations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base, JsonDocument
from servicekit.database.types import Json


class Conversation(Base):
    """A series of turns."""

    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_tenant_id", "tenant", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(String(128))
    title: Mapped[str] = mapped_column(Text)
    named: Mapped[bool]
    """Whether a person gave the title: then no model changes it."""
    turns: Mapped[int]
    """How many there are; the next one gets this number as its place."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Message(Base):
    """One turn: a question and its answer. Its id is the answer's."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("uq_messages_conversation_id_place", "conversation_id", "place", unique=True),
        Index("ix_messages_tenant_id", "tenant", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    tenant: Mapped[str] = mapped_column(String(128))
    place: Mapped[int]
    question: Mapped[str] = mapped_column(Text)
    answer_text: Mapped[str] = mapped_column(Text)
    answer: Mapped[dict[str, Json]] = mapped_column(JsonDocument)
    """The whole answer as callers got it."""
    created_at: Mapped[datetime]


class Share(Base):
    """A link under which anybody may read the turns that were there when it was made."""

    __tablename__ = "shares"
    __table_args__ = (
        Index("uq_shares_token_sha256", "token_sha256", unique=True),
        Index("ix_shares_conversation_id", "conversation_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    token_sha256: Mapped[str] = mapped_column(String(64))
    turns: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Feedback(Base):
    """What somebody thinks of an answer; the last word counts."""

    __tablename__ = "answer_feedback"
    __table_args__ = (Index("ix_answer_feedback_tenant_answer_id", "tenant", "answer_id"),)

    answer_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(128))
    rating: Mapped[str] = mapped_column(String(8))
    comment: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
