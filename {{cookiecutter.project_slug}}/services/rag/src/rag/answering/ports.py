"""What answering needs of guardrails, and asking of conversations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from rag.answering.composing import Clean
from rag.answering.context import ContextRules
from rag.answering.question import Question
from rag.answering.schemas import Answer
from rag.answering.structured import Validate
from rag.retrieval.ports import Turn


class Canary(Protocol):
    """A secret mark in the instructions: an answer that holds it repeats them. See `llmkit.guardrails.canary`."""

    def mark(self, prompt: str) -> str:
        """Return instructions with the mark in them."""
        ...

    def leaked(self, text: str) -> bool:
        """Whether a text holds the mark."""
        ...


class NoCanary:
    """Marks nothing and finds nothing."""

    def mark(self, prompt: str) -> str:
        """Return the instructions."""
        return prompt

    def leaked(self, text: str) -> bool:  # noqa: ARG002 - the port
        """Return False."""
        return False


@dataclass(frozen=True, slots=True)
class Checks:
    """What stands between documents and the model, and between the model and the reader."""

    rules: ContextRules
    clean: Clean
    validate: Validate
    canary: Canary


class Threads(Protocol):
    """Conversations, as asking sees them. Each call is a transaction of its own: none is open while a model writes."""

    async def history(self, tenant: str, conversation_id: UUID, turns: int) -> Sequence[Turn]:
        """Return the last turns, the oldest first; a `Problem` when the conversation is not there or takes no more."""
        ...

    async def keep(self, question: Question, answer: Answer) -> None:
        """Store a turn at the end of its conversation, and make the conversation if it begins with it."""
        ...


class NoThreads:
    """Remembers nothing: for callers who send the history along."""

    async def history(self, tenant: str, conversation_id: UUID, turns: int) -> Sequence[Turn]:  # noqa: ARG002 - the port
        """Return no turns."""
        return ()

    async def keep(self, question: Question, answer: Answer) -> None:
        """Forget the turn."""
