"""Writing prompts: the version is chosen, variables are filled in, earlier turns stand before the question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from llmkit.call import PromptRef
from rag.retrieval.escaping import escape
from rag.retrieval.ports import Prompts, Turn

Redact: TypeAlias = Callable[[str], str]
"""Takes personal data out of a text."""


def unchanged(text: str) -> str:
    """Return the text: for prompts that may hold personal data."""
    return text


@dataclass(frozen=True, slots=True)
class Written:
    """The messages of a call, and the prompt that they were made with."""

    ref: PromptRef
    rules: tuple[BaseMessage, ...]
    """The instructions."""
    conversation: tuple[BaseMessage, ...]
    """Earlier turns, then what is asked."""

    @property
    def messages(self) -> list[BaseMessage]:
        """All of them."""
        return [*self.rules, *self.conversation]


class PromptWriter:
    """Writes the prompts of this service. Whatever documents and people wrote goes through `redact`."""

    def __init__(self, prompts: Prompts, redact: Redact = unchanged) -> None:
        self._prompts = prompts
        self._redact = redact

    def write(self, name: str, key: str, history: Sequence[Turn] = (), **variables: str) -> Written:
        """Write a prompt; variables are escaped by who gives them, for only they know what may hold tags."""
        prompt = self._prompts.choose(name, key)
        *rules, asking = prompt.render(**{name: self._redact(text) for name, text in variables.items()})
        return Written(prompt.ref, tuple(rules), (*self._turns(history), asking))

    def _turns(self, history: Sequence[Turn]) -> list[BaseMessage]:
        messages: list[BaseMessage] = []
        for turn in history:
            messages.append(HumanMessage(escape(self._redact(turn.question))))
            if turn.answer:  # providers refuse empty ones
                messages.append(AIMessage(self._redact(turn.answer)))
        return messages
