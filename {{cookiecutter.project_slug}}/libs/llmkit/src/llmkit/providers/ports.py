"""What the core needs from a provider: a stream of small pieces, the same for every protocol."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from langchain_core.messages import BaseMessage
from langchain_core.messages.tool import ToolCallChunk

from llmkit.call import TokenUsage
from llmkit.errors import ModelError


class Finish(StrEnum):
    """Why an answer ended. The names are OpenAI's."""

    STOP = "stop"
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"
    FILTERED = "content_filter"
    REFUSED = "refusal"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer, or all of it. Only what is new: text and arguments of tools are to be put together."""

    text: str = ""
    calls: Sequence[ToolCallChunk] = ()
    finish: Finish | None = None
    usage: TokenUsage | None = None
    """Of the whole answer so far, not of this piece."""
    model: str | None = None
    """The name that the provider gives, which may be a dated version of the one asked for."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is put to a model."""

    messages: Sequence[BaseMessage]
    max_tokens: int
    stop: Sequence[str] | None = None
    temperature: float | None = None
    tools: Sequence[Mapping[str, object]] = ()
    """In OpenAI's form, whatever the provider."""
    tool_choice: str | None = None
    """`auto`, `none`, `any`, or the name of a tool."""
    parallel_tool_calls: bool | None = None


class Provider(Protocol):
    """Puts questions to the models of one provider. Nothing is tried again, and no time is limited but connecting."""

    @property
    def loaded(self) -> bool:
        """Whether `load` has been called."""
        ...

    def load(self) -> None:
        """Import and make what is needed. Takes seconds, so it is called in a thread before the first question."""
        ...

    def stream(self, model: str, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield an answer as it comes. Closing the iterator closes the connection."""
        ...

    async def complete(self, model: str, ask: Ask) -> Piece:
        """Return an answer in one piece."""
        ...

    def fault(self, model: str, error: Exception) -> ModelError:
        """Name what `stream` or `complete` has raised, without a word of the provider's: it may hold secrets."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...
