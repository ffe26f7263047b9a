"""Conversations as asking sees them, in the database. Each call is a short transaction of its own."""

from collections.abc import Callable, Sequence
from typing import TypeAlias
from uuid import UUID

from rag.answering.question import Question
from rag.answering.schemas import Answer
from rag.conversations.errors import ConversationFull, ConversationNotFound
from rag.conversations.models import Conversation, Message
from rag.conversations.repository import ConversationRepository
from rag.conversations.settings import ConversationSettings
from rag.retrieval.ports import Turn
from servicekit.database import Database, utc_now

TITLE_LENGTH = 80
OnFirst: TypeAlias = Callable[[str, UUID, str], None]
"""Called with tenant, conversation and question when the first turn of a conversation is stored."""


class SqlThreads:
    """The `Threads` of asking."""

    def __init__(self, database: Database, settings: ConversationSettings, on_first: OnFirst | None = None) -> None:
        self._database = database
        self._settings = settings
        self._on_first = on_first

    async def history(self, tenant: str, conversation_id: UUID, turns: int) -> Sequence[Turn]:
        """Return the last turns.

        Raises:
            ConversationNotFound: the tenant has no such conversation.
            ConversationFull: it takes no more turns.
        """
        async with self._database.reading() as session:
            repository = ConversationRepository(session, tenant)
            conversation = await repository.find(conversation_id)
            if conversation is None:
                raise _not_found(conversation_id)
            if conversation.turns >= self._settings.max_turns:
                raise self._full(conversation_id)
            last = await repository.last_turns(conversation_id, turns) if turns and conversation.turns else []
        return [Turn(question, answer) for question, answer in last]

    async def keep(self, question: Question, answer: Answer) -> None:
        """Store a turn. One whose conversation was deleted in the meantime is not stored.

        Raises:
            ConversationNotFound, ConversationFull: as `history`.
        """
        conversation_id = question.conversation_id
        if conversation_id is None:
            raise ValueError("a turn needs a conversation")
        now = utc_now()
        async with self._database.session() as session:
            repository = ConversationRepository(session, question.tenant)
            if question.begins:
                repository.add(_begun(question, conversation_id, answer))
                place: int | None = 0
            else:
                place = await repository.take_place(conversation_id, self._settings.max_turns, now)
            if place is None:
                missing = await repository.find(conversation_id) is None
                raise _not_found(conversation_id) if missing else self._full(conversation_id)
            await session.flush()
            repository.add(_message(question, conversation_id, answer, place))
        if place == 0 and self._on_first is not None:
            self._on_first(question.tenant, conversation_id, question.text)

    def _full(self, conversation_id: UUID) -> ConversationFull:
        return ConversationFull(
            f"Conversation {conversation_id} has {self._settings.max_turns} turns, which is the most."
        )


def first_title(question: str) -> str:
    """Return a question shortened to a title."""
    folded = " ".join(question.split())
    return folded if len(folded) <= TITLE_LENGTH else f"{folded[: TITLE_LENGTH - 1].rstrip()}…"


def _begun(question: Question, conversation_id: UUID, answer: Answer) -> Conversation:
    return Conversation(
        id=conversation_id,
        tenant=question.tenant,
        title=first_title(question.text),
        named=False,
        turns=1,
        created_at=answer.created_at,
        updated_at=answer.created_at,
    )


def _message(question: Question, conversation_id: UUID, answer: Answer, place: int) -> Message:
    return Message(
        id=answer.id,
        conversation_id=conversation_id,
        tenant=question.tenant,
        place=place,
        question=question.text,
        answer_text=answer.answer,
        answer=answer.model_dump(mode="json"),
        created_at=answer.created_at,
    )


def _not_found(conversation_id: UUID) -> ConversationNotFound:
    return ConversationNotFound(f"There is no conversation {conversation_id}.")
