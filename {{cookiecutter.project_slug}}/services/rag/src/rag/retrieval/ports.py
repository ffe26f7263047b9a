"""What retrieval needs: the text of chunks, terms of a query, and other wordings of a question."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from uuid import UUID

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from llmkit.call import Call, ModelRef, PromptRef
from rag.indexing.ports import SparseVector

ChunkKey: TypeAlias = tuple[UUID, int]
"""Revision and ordinal."""


class StoredChunk(Protocol):
    """A chunk of a document that can be seen at present."""

    @property
    def document_id(self) -> UUID: ...  # noqa: D102 - the names say it
    @property
    def document_name(self) -> str: ...  # noqa: D102
    @property
    def revision(self) -> UUID: ...  # noqa: D102
    @property
    def ordinal(self) -> int: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def heading(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def page(self) -> int: ...  # noqa: D102
    @property
    def page_end(self) -> int: ...  # noqa: D102
    @property
    def breaks(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def parent(self) -> int: ...  # noqa: D102


class ChunkReader(Protocol):
    """Reads chunks in one transaction."""

    async def visible(self, tenant: str, keys: Sequence[ChunkKey]) -> Mapping[ChunkKey, StoredChunk]:
        """Return those of the tenant's chunks that belong to a current revision; the others are missing."""
        ...

    async def neighbours(self, revision: UUID, ordinal: int, before: int = 1, after: int = 1) -> Sequence[StoredChunk]:
        """Return the chunks around one, in reading order; whether itself is among them does not matter."""
        ...

    async def of_parent(self, revision: UUID, parent: int) -> Sequence[StoredChunk]:
        """Return all chunks of a parent in reading order."""
        ...


class Library(Protocol):
    """The database's side of a search."""

    async def collection(self) -> str | None:
        """Return the name of the collection that is searched now; None when nothing was ever indexed."""
        ...

    def reading(self) -> AbstractAsyncContextManager[ChunkReader]:
        """Open a transaction that only reads."""
        ...


class Terms(Protocol):
    """The one tokenizer of the keyword half."""

    def query(self, text: str) -> SparseVector:
        """Return a query's terms with the weight 1 each."""
        ...

    def terms(self, text: str) -> Iterable[str]:
        """Return the terms of a text as they are matched."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of a conversation and its answer, both as plain text."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a model made of a question, and what the call reported (None when there was no usable answer)."""

    texts: tuple[str, ...]
    report: Mapping[str, object] | None = None


class Rewriter(Protocol):
    """Words a question anew. It never fails: without a usable answer the question stays as it is."""

    async def condense(self, tenant: str, question: str, history: Sequence[Turn]) -> Rewritten:
        """Return the one question that can be understood without the history."""
        ...

    async def multi_query(self, tenant: str, question: str) -> Rewritten:
        """Return other wordings of a question, none when there are none."""
        ...

    async def hyde(self, tenant: str, question: str) -> Rewritten:
        """Return one passage that might answer the question, or none."""
        ...


class ChatModels(Protocol):
    """Where governed chat models come from: `llmkit.gateway.Gateway`."""

    def chat(self, call: Call) -> BaseChatModel:
        """Return the model for one call; it is bound to the call's tenant, budget and deadline."""
        ...

    def models(self) -> Sequence[ModelRef]:
        """Return the models that a caller may ask for."""
        ...


class PromptText(Protocol):
    """One version of a prompt."""

    @property
    def ref(self) -> PromptRef:
        """Its name and version."""
        ...

    def render(self, **variables: str) -> list[BaseMessage]:
        """Return the messages with the variables filled in."""
        ...


class Prompts(Protocol):
    """Where prompts come from: `llmkit.prompts.PromptStore`."""

    def choose(self, name: str, key: str | None = None) -> PromptText:
        """Return the version that is in use; of two in comparison the one that the key falls to."""
        ...
