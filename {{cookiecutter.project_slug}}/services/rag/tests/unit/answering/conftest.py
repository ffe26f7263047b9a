"""Passages to answer from, and an answerer whose retrieval and model are scripted."""

from collections.abc import Callable
from uuid import UUID, uuid5

import pytest
from prometheus_client import CollectorRegistry

from llmkit.guardrails.canary import Canary
from llmkit.guardrails.checks import Guardrails
from llmkit.guardrails.settings import GuardrailSettings
from rag.answering.context import ContextRules
from rag.answering.events import AnswerEvent
from rag.answering.metrics import AnswerMetrics
from rag.answering.ports import Checks
from rag.answering.question import Question
from rag.answering.service import Answerer
from rag.answering.settings import AnsweringSettings
from rag.retrieval.passages import Found, Passage, Piece, RetrievalOptions, Why
from servicekit.problems import Problem

NAMESPACE = UUID("00000000-0000-0000-0000-00000000000a")
MakePassage = Callable[..., Passage]


@pytest.fixture
def make_passage() -> MakePassage:
    """Make a passage of a document by its text; the name decides the document."""

    def make(text: str, name: str = "manual.pdf", *, page: int = 1, ordinal: int = 0, **rest: object) -> Passage:
        document = uuid5(NAMESPACE, name)
        values: dict[str, object] = {
            "document_id": document,
            "document_name": name,
            "revision": uuid5(document, "revision"),
            "ordinal": ordinal,
            "heading": (),
            "page": page,
            "page_end": page,
            "text": text,
            "context": text,
            "score": 1.0,
            "why": Why(fused=1.0),
            "pieces": (Piece(ordinal, page, text),),
        }
        return Passage(**(values | rest))  # type: ignore[arg-type]  # a factory for tests

    return make


class FixedRetriever:
    """Finds what it was given."""

    def __init__(self) -> None:
        self.passages: tuple[Passage, ...] = ()
        self.query: str | None = None
        self.problem: Problem | None = None
        self.reports: tuple[dict[str, object], ...] = ()
        self.asked: list[tuple[object, ...]] = []

    async def search(self, tenant, query, options, history=()):
        self.asked.append((tenant, query, options, history))
        if self.problem:
            raise self.problem
        standalone = self.query or query
        return Found(standalone, (standalone,), self.passages, {"search": 1.5, "total": 2.0}, self.reports)


@pytest.fixture
def retriever(make_passage) -> FixedRetriever:
    found = FixedRetriever()
    found.passages = (
        make_passage("The service listens on port 8002.", "manual.pdf", page=3),
        make_passage("Employees get 25 days of holiday a year.", "handbook.docx"),
    )
    return found


@pytest.fixture
def answering_settings() -> AnsweringSettings:
    return AnsweringSettings()


@pytest.fixture
def canary() -> Canary:
    return Canary("secretmarksecret")


@pytest.fixture
def guardrails() -> Guardrails:
    return Guardrails(GuardrailSettings())


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def answerer(retriever, gateway, prompts, answering_settings, guardrails, canary, registry) -> Answerer:
    return Answerer(
        retriever=retriever,
        models=gateway,
        prompts=prompts,
        settings=answering_settings,
        checks=Checks(
            rules=ContextRules(),
            clean=lambda text: guardrails.clean(text).text,
            validate=guardrails.validated,
            canary=canary,
        ),
        metrics=AnswerMetrics(registry),
    )


@pytest.fixture
def ask(answerer):
    """Ask and return all events."""

    async def ask(text: str = "Which port is it?", **rest: object) -> list[AnswerEvent]:
        question = Question(tenant="acme", text=text, options=RetrievalOptions(), **rest)
        return [event async for event in answerer.answer(question)]

    return ask
