"""What callers send and see of conversations."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rag.answering.schemas import Answer
from rag.conversations.models import Conversation, Message, Share
from rag.fields import ANY, VISIBLE, NumberOnly

Title = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200, pattern=VISIBLE)]


class ConversationRequest(BaseModel):
    """A new conversation. Without a title it gets one with its first question."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None


class RenameRequest(BaseModel):
    """The new title."""

    model_config = ConfigDict(extra="forbid")

    title: Title


class ConversationDocument(BaseModel):
    """One conversation."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    turns: int = Field(description="How many questions it holds.")
    created_at: datetime
    updated_at: datetime


class MessageDocument(BaseModel):
    """A question (`user`) or an answer (`assistant`)."""

    role: Literal["user", "assistant"]
    text: str
    answer: Answer | None = Field(description="Of the assistant's messages: everything about the answer.")
    created_at: datetime


class ConversationDetail(ConversationDocument):
    """A conversation with all its messages: questions and answers in turn."""

    messages: list[MessageDocument]

    @classmethod
    def made(cls, conversation: Conversation, messages: list[Message]) -> "ConversationDetail":
        """Put it together."""
        plain = ConversationDocument.model_validate(conversation)
        return cls(**plain.model_dump(), messages=[each for message in messages for each in _pair(message)])


def _pair(message: Message) -> tuple[MessageDocument, MessageDocument]:
    answer, at = Answer.model_validate(message.answer), message.created_at
    return (
        MessageDocument(role="user", text=message.question, answer=None, created_at=at),
        MessageDocument(role="assistant", text=message.answer_text, answer=answer, created_at=at),
    )


class ConversationList(BaseModel):
    """Some conversations, the newest first."""

    items: list[ConversationDocument]
    next_cursor: UUID | None
    """Give it as `cursor` to get the next page; null on the last one."""


class ShareRequest(BaseModel):
    """How long a link is to work."""

    model_config = ConfigDict(extra="forbid")

    expires_in_days: Annotated[int, Field(ge=1, le=3650), NumberOnly] | None = Field(
        default=None, description="At most, and unless given, what the settings say."
    )


class ShareDocument(BaseModel):
    """A link, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    turns: int = Field(description="The turns that it shows: those that were there when it was made.")
    created_at: datetime
    expires_at: datetime


class SharedLink(ShareDocument):
    """A new link. The token is shown this once."""

    token: str
    path: str

    @classmethod
    def made(cls, share: Share, token: str, path: str) -> "SharedLink":
        """Show it with its secret."""
        return cls(**ShareDocument.model_validate(share).model_dump(), token=token, path=path)


class ShareList(BaseModel):
    """The links of a conversation that work."""

    items: list[ShareDocument]


class SharedCitation(BaseModel):
    """What a marker of a shared answer stands on."""

    marker: int
    document_name: str
    page: int
    quote: str


class SharedMessage(BaseModel):
    """A message, as anybody with the link sees it."""

    role: Literal["user", "assistant"]
    text: str
    citations: list[SharedCitation]
    created_at: datetime


class SharedConversation(BaseModel):
    """A conversation, as anybody with the link sees it: not who asked, what it cost and what else was found."""

    title: str
    created_at: datetime
    messages: list[SharedMessage]

    @classmethod
    def made(cls, detail: ConversationDetail) -> "SharedConversation":
        """Leave out what is not for everybody."""
        return cls(
            title=detail.title, created_at=detail.created_at, messages=[_public(each) for each in detail.messages]
        )


def _public(message: MessageDocument) -> SharedMessage:
    citations = message.answer.citations if message.answer else []
    return SharedMessage(
        role=message.role,
        text=message.text,
        citations=[
            SharedCitation(marker=each.marker, document_name=each.document_name, page=each.page, quote=each.quote)
            for each in citations
        ],
        created_at=message.created_at,
    )


class Rating(StrEnum):
    """Whether an answer helped."""

    UP = "up"
    DOWN = "down"


class FeedbackRequest(BaseModel):
    """What somebody thinks of an answer."""

    model_config = ConfigDict(extra="forbid")

    rating: Rating
    comment: Annotated[str, StringConstraints(strict=True, max_length=4000, pattern=ANY)] | None = None


class FeedbackDocument(BaseModel):
    """What somebody thinks of an answer, with what it is about."""

    answer_id: UUID
    conversation_id: UUID
    rating: Rating
    comment: str | None
    question: str
    standalone_question: str
    answer: str
    created_at: datetime
    updated_at: datetime


class FeedbackList(BaseModel):
    """Some feedback, that on the newest answers first."""

    items: list[FeedbackDocument]
    next_cursor: UUID | None
    """Give it as `cursor` to get the next page; null on the last one."""
