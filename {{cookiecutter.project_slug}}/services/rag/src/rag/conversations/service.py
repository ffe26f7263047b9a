"""What people do with conversations: begin, name, read, share and delete them, and judge answers."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rag.conversations.errors import AnswerNotFound, ConversationNotFound, ShareNotFound
from rag.conversations.models import Conversation, Feedback, Message, Share
from rag.conversations.repository import ConversationRepository, FeedbackRepository, ShareRepository
from rag.conversations.schemas import (
    ConversationDetail,
    FeedbackDocument,
    FeedbackRequest,
    Rating,
    SharedConversation,
)
from servicekit.database import utc_now, uuid7

UNTITLED = "New conversation"
TOKEN_BYTES = 32


class ConversationService:
    """Conversations of one tenant in the session of a request."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant
        self._repository = ConversationRepository(session, tenant)

    async def begin(self, title: str | None) -> Conversation:
        """Make a conversation without turns."""
        now = utc_now()
        made = Conversation(
            id=uuid7(),
            tenant=self._tenant,
            title=title or UNTITLED,
            named=title is not None,
            turns=0,
            created_at=now,
            updated_at=now,
        )
        self._repository.add(made)
        await self._session.flush()
        return made

    async def get(self, conversation_id: UUID) -> Conversation:
        """Return a conversation; ConversationNotFound."""
        found = await self._repository.find(conversation_id)
        if found is None:
            raise ConversationNotFound(f"There is no conversation {conversation_id}.")
        return found

    async def read(self, conversation_id: UUID) -> ConversationDetail:
        """Return a conversation with its messages; ConversationNotFound."""
        conversation = await self.get(conversation_id)
        return ConversationDetail.made(conversation, await self._repository.messages(conversation_id))

    async def rename(self, conversation_id: UUID, title: str) -> Conversation:
        """Give a title that stays; ConversationNotFound."""
        conversation = await self.get(conversation_id)
        conversation.title, conversation.named = title, True
        return conversation

    async def delete(self, conversation_id: UUID) -> None:
        """Delete a conversation with all that belongs to it; ConversationNotFound."""
        if not await self._repository.delete(conversation_id):
            raise ConversationNotFound(f"There is no conversation {conversation_id}.")

    async def share(self, conversation_id: UUID, days: int) -> tuple[Share, str]:
        """Make a link to the turns that are there now, and return it with its secret; ConversationNotFound."""
        conversation = await self.get(conversation_id)
        token, now = secrets.token_urlsafe(TOKEN_BYTES), utc_now()
        share = Share(
            id=uuid7(),
            conversation_id=conversation_id,
            token_sha256=digest(token),
            turns=conversation.turns,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        self._repository.add(share)
        await self._session.flush()
        return share, token

    async def shares(self, conversation_id: UUID) -> Sequence[Share]:
        """Return the links that work; ConversationNotFound."""
        await self.get(conversation_id)
        return await ShareRepository(self._session).working(conversation_id, utc_now())

    async def revoke(self, conversation_id: UUID, share_id: UUID) -> None:
        """End a link at once; ConversationNotFound, ShareNotFound."""
        await self.get(conversation_id)
        if not await ShareRepository(self._session).revoke(conversation_id, share_id):
            raise ShareNotFound(f"There is no link {share_id}.")

    async def judge(self, answer_id: UUID, request: FeedbackRequest) -> FeedbackDocument:
        """Keep what somebody thinks of an answer, in place of what was said before; AnswerNotFound."""
        message = await self._repository.message(answer_id)
        if message is None:
            raise AnswerNotFound(f"There is no answer {answer_id}.")
        now = utc_now()
        made = Feedback(
            answer_id=answer_id,
            tenant=self._tenant,
            rating=request.rating.value,
            comment=request.comment,
            created_at=now,
            updated_at=now,
        )
        feedback = await FeedbackRepository(self._session, self._tenant).take(made)
        if feedback is None:
            raise AnswerNotFound(f"There is no answer {answer_id}.")
        feedback.rating, feedback.comment, feedback.updated_at = made.rating, made.comment, now
        await self._session.flush()
        return judged(feedback, message)


async def open_share(session: AsyncSession, token: str) -> SharedConversation:
    """Return what a link shows; ShareNotFound."""
    found = await ShareRepository(session).open(digest(token), utc_now())
    if found is None:
        raise ShareNotFound("This link does not work, or no longer.")
    share, conversation = found
    messages = await ConversationRepository(session, conversation.tenant).messages(conversation.id, first=share.turns)
    return SharedConversation.made(ConversationDetail.made(conversation, messages))


def digest(token: str) -> str:
    """Return what is stored of a link's secret. It is random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def judged(feedback: Feedback, message: Message) -> FeedbackDocument:
    """Show feedback with what it is about."""
    return FeedbackDocument(
        answer_id=feedback.answer_id,
        conversation_id=message.conversation_id,
        rating=Rating(feedback.rating),
        comment=feedback.comment,
        question=message.question,
        standalone_question=str(message.answer["standalone_question"]),
        answer=message.answer_text,
        created_at=feedback.created_at,
        updated_at=feedback.updated_at,
    )
