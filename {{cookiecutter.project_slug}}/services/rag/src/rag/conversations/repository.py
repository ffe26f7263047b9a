"""Rows of conversations, always of one tenant."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from rag.conversations.models import Conversation, Feedback, Message, Share
from servicekit.database import add_if_new


class ConversationRepository:
    """Conversations and turns of one tenant in one session."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    def add(self, row: Conversation | Message | Share) -> None:
        """Write a new row."""
        self._session.add(row)

    async def find(self, conversation_id: UUID) -> Conversation | None:
        """Return a conversation."""
        query = select(Conversation).where(Conversation.id == conversation_id, Conversation.tenant == self._tenant)
        return (await self._session.scalars(query)).one_or_none()

    async def page(self, *, before: UUID | None, limit: int) -> Sequence[Conversation]:
        """Return conversations, the newest first, that were made before one."""
        query = select(Conversation).where(Conversation.tenant == self._tenant)
        if before is not None:
            query = query.where(Conversation.id < before)
        return (await self._session.scalars(query.order_by(Conversation.id.desc()).limit(limit))).all()

    async def take_place(self, conversation_id: UUID, most: int, now: datetime) -> int | None:
        """Count a turn and return its place; None when there is no such conversation, or it is full.

        The row is locked from here to the end of the transaction, so turns follow each other.
        """
        statement = (
            update(Conversation)
            .where(Conversation.id == conversation_id, Conversation.tenant == self._tenant, Conversation.turns < most)
            .values(turns=Conversation.turns + 1, updated_at=now)
            .returning(Conversation.turns)
        )
        turns: int | None = await self._session.scalar(statement)
        return None if turns is None else turns - 1

    async def rename(self, conversation_id: UUID, title: str) -> None:
        """Give a title that a model has found, unless a person has given one."""
        await self._session.execute(
            update(Conversation)
            .where(
                Conversation.id == conversation_id, Conversation.tenant == self._tenant, Conversation.named.is_(False)
            )
            .values(title=title)
        )

    async def delete(self, conversation_id: UUID) -> bool:
        """Delete a conversation; its turns, links and feedback go with it. Whether there was one."""
        result = await self._session.execute(
            delete(Conversation).where(Conversation.id == conversation_id, Conversation.tenant == self._tenant)
        )
        return isinstance(result, CursorResult) and result.rowcount > 0

    async def messages(self, conversation_id: UUID, *, first: int | None = None) -> list[Message]:
        """Return the turns in order; only the first so many if a number is given."""
        query = select(Message).where(Message.conversation_id == conversation_id, Message.tenant == self._tenant)
        if first is not None:
            query = query.where(Message.place < first)
        return list((await self._session.scalars(query.order_by(Message.place))).all())

    async def last_turns(self, conversation_id: UUID, turns: int) -> list[tuple[str, str]]:
        """Return questions and answers of the last turns, the oldest first."""
        query = (
            select(Message.question, Message.answer_text)
            .where(Message.conversation_id == conversation_id, Message.tenant == self._tenant)
            .order_by(Message.place.desc())
            .limit(turns)
        )
        return [(question, answer) for question, answer in reversed((await self._session.execute(query)).all())]

    async def message(self, answer_id: UUID) -> Message | None:
        """Return the turn of an answer."""
        query = select(Message).where(Message.id == answer_id, Message.tenant == self._tenant)
        return (await self._session.scalars(query)).one_or_none()


class ShareRepository:
    """Links. They are found through a conversation of the tenant, or by their secret."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def working(self, conversation_id: UUID, now: datetime) -> Sequence[Share]:
        """Return the links of a conversation that have not expired, the newest first."""
        query = select(Share).where(Share.conversation_id == conversation_id, Share.expires_at > now)
        return (await self._session.scalars(query.order_by(Share.id.desc()))).all()

    async def revoke(self, conversation_id: UUID, share_id: UUID) -> bool:
        """Delete a link. Whether there was one."""
        result = await self._session.execute(
            delete(Share).where(Share.id == share_id, Share.conversation_id == conversation_id)
        )
        return isinstance(result, CursorResult) and result.rowcount > 0

    async def open(self, token_sha256: str, now: datetime) -> tuple[Share, Conversation] | None:
        """Return the link with this secret and its conversation, if it has not expired."""
        query = (
            select(Share, Conversation)
            .join(Conversation, Conversation.id == Share.conversation_id)
            .where(Share.token_sha256 == token_sha256, Share.expires_at > now)
        )
        found = (await self._session.execute(query)).one_or_none()
        return None if found is None else (found[0], found[1])


class FeedbackRepository:
    """Feedback of one tenant in one session."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    async def take(self, made: Feedback) -> Feedback | None:
        """Return what is there on the same answer, else add this; None when the answer is deleted meanwhile."""
        query = select(Feedback).where(Feedback.answer_id == made.answer_id, Feedback.tenant == self._tenant)
        found = (await self._session.scalars(query)).one_or_none()
        if found is None and await add_if_new(self._session, made):
            return made
        return found or (await self._session.scalars(query)).one_or_none()

    async def page(self, *, rating: str | None, before: UUID | None, limit: int) -> Sequence[tuple[Feedback, Message]]:
        """Return feedback with its turns, that on the newest answers first."""
        query = (
            select(Feedback, Message)
            .join(Message, Message.id == Feedback.answer_id)
            .where(Feedback.tenant == self._tenant)
        )
        if rating is not None:
            query = query.where(Feedback.rating == rating)
        if before is not None:
            query = query.where(Feedback.answer_id < before)
        rows = await self._session.execute(query.order_by(Feedback.answer_id.desc()).limit(limit))
        return [(feedback, message) for feedback, message in rows]
