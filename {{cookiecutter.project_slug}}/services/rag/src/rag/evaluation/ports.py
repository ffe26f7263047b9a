"""What an evaluation needs: something that searches, something that answers, and perhaps a judge."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from rag.evaluation.cases import Case
from rag.evaluation.observations import Given, Verdict
from rag.retrieval.passages import Passage, RetrievalOptions

Progress: TypeAlias = Callable[[float, str], None]


class Searching(Protocol):
    """Finds passages for a case."""

    async def search(self, tenant: str, case: Case, options: RetrievalOptions) -> tuple[Passage, ...]:
        """Return the passages, best first; a follow-up is searched with its history."""
        ...


class Answering(Protocol):
    """Answers a case."""

    async def answer(self, tenant: str, case: Case, options: RetrievalOptions) -> Given:
        """Return the answer; raises the `Problem` that a caller would have seen."""
        ...


class Judging(Protocol):
    """Says whether an answer is right."""

    async def judge(self, tenant: str, case: Case, given: Given) -> Verdict:
        """Compare an answer with the reference and with what it cites."""
        ...
