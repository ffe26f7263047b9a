"""Asking the service's own retriever and answerer, as the API does."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Protocol

from rag.answering.events import Answered, AnswerEvent, Failed
from rag.answering.question import Question
from rag.answering.schemas import Answer, AnswerMeta, CitationDocument
from rag.evaluation.cases import Case
from rag.evaluation.observations import Citation, Given, Spot
from rag.retrieval.passages import Found, Passage, RetrievalOptions
from rag.retrieval.ports import Turn
from rag.retrieval.schemas import PassageDocument


class Retrieving(Protocol):
    """What is needed of `rag.retrieval.service.Retriever`."""

    async def search(self, tenant: str, query: str, options: RetrievalOptions, history: Sequence[Turn] = ()) -> Found:
        """Search one tenant's documents."""
        ...


class AnswerSource(Protocol):
    """What is needed of `rag.answering.service.Answerer`."""

    def answer(self, question: Question) -> AsyncIterator[AnswerEvent]:
        """Yield events, the last of which is the answer or a failure."""
        ...


class RetrieverSearching:
    """See `Searching`."""

    def __init__(self, retriever: Retrieving) -> None:
        self._retriever = retriever

    async def search(self, tenant: str, case: Case, options: RetrievalOptions) -> tuple[Passage, ...]:
        """Search as a conversation at this point would."""
        found = await self._retriever.search(tenant, case.question, options, history_of(case))
        return found.passages


class AnswererAnswering:
    """See `Answering`."""

    def __init__(self, answerer: AnswerSource) -> None:
        self._answerer = answerer

    async def answer(self, tenant: str, case: Case, options: RetrievalOptions) -> Given:
        """Ask, and follow the events to their end; a failure is raised as its problem."""
        question = Question(tenant=tenant, text=case.question, options=options, history=history_of(case))
        async for event in self._answerer.answer(question):
            match event:
                case Answered(answer):
                    return given_of(answer)
                case Failed(problem):
                    raise problem
        raise RuntimeError("the answerer ended without an answer and without a failure")


def history_of(case: Case) -> tuple[Turn, ...]:
    """Return the turns before the case's question."""
    return tuple(Turn(turn.question, turn.answer) for turn in case.history)


def given_of(answer: Answer) -> Given:
    """Return an answer in the metrics' terms."""
    meta = answer.meta
    return Given(
        text=answer.answer,
        abstained=answer.abstained,
        citations=tuple(_citation(citation, answer.sources) for citation in answer.citations),
        invented=answer.removed_citations,
        model=_model(meta),
        prompt=f"{meta.prompt.name}/{meta.prompt.version}" if meta.prompt else "",
        input_tokens=meta.tokens.input,
        output_tokens=meta.tokens.output,
        cost_usd=Decimal(meta.cost_usd),
        cache=meta.cache,
        timings_ms=meta.timings_ms,
    )


def _citation(citation: CitationDocument, sources: Sequence[PassageDocument]) -> Citation:
    """Return a citation with the whole text of its passage: the quote is only the words that the service chose."""
    passage = sources[citation.marker - 1]
    text = f"{passage.text}\n{citation.quote}"
    spot = Spot(citation.document_name, citation.page, citation.page, tuple(passage.heading), text)
    return Citation(citation.marker, spot)


def _model(meta: AnswerMeta) -> str:
    if meta.model is None or meta.provider in (None, meta.model):
        return meta.model or ""
    return f"{meta.provider}:{meta.model}"
