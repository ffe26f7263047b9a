from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from rag.answering.events import Answered, AnswerEvent, Failed, Token
from rag.answering.question import Question
from rag.answering.schemas import Answer, AnswerMeta, CitationDocument, PromptDocument, TokensDocument
from rag.evaluation.asking import AnswererAnswering, RetrieverSearching, given_of
from rag.evaluation.cases import Kind, Turn
from rag.evaluation.rated import case_of, cases_of
from rag.retrieval.passages import Found, RetrievalOptions
from rag.retrieval.schemas import PassageDocument
from servicekit.problems import Unavailable

ANSWER_ID = UUID(int=1)
HISTORY = (Turn(question="Which service?", answer="rag"),)


@pytest.fixture
def answer(passage) -> Answer:
    source = passage(text="The port of the service is 8002.")
    other = passage("b.pdf", page=7, text="Elsewhere.")
    return Answer(
        id=ANSWER_ID,
        conversation_id=None,
        question="And which port?",
        standalone_question="Which port has rag?",
        answer="The port is 8002 [1].",
        abstained=False,
        support=1.0,
        citations=[
            CitationDocument(
                marker=1, document_id=source.document_id, document_name="a.md", page=1, quote="is 8002", ordinal=0
            )
        ],
        removed_citations=2,
        data=None,
        sources=[PassageDocument.of(source), PassageDocument.of(other)],
        meta=AnswerMeta(
            model="gpt",
            provider="openai",
            prompt=PromptDocument(name="rag-answer", version="1"),
            tokens=TokensDocument(input=100, output=20, estimated=False),
            cost_usd="0.00012",
            cache=None,
            timings_ms={"generate": 5.0},
            trace_id=None,
            request_id=None,
            attempts=1,
            fell_back_from=[],
        ),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


class Events:
    """An answerer that says what it was told to."""

    def __init__(self, *events: AnswerEvent) -> None:
        self.events = events
        self.asked: list[Question] = []

    async def answer(self, question: Question) -> AsyncIterator[AnswerEvent]:
        self.asked.append(question)
        for event in self.events:
            yield event


async def test_an_answer_is_taken_over_with_the_text_of_what_it_cites(answer, case) -> None:
    events = Events(Token("The port"), Answered(answer))
    given = await AnswererAnswering(events).answer("acme", case(history=HISTORY), RetrievalOptions(limit=4))
    assert events.asked[0].tenant == "acme"
    assert events.asked[0].options.limit == 4
    assert [(turn.question, turn.answer) for turn in events.asked[0].history] == [("Which service?", "rag")]
    assert given.citations[0].spot.text == "The port of the service is 8002.\nis 8002"
    assert given.citations[0].spot.heading == ("Title", "One")
    assert (given.model, given.prompt, given.invented) == ("openai:gpt", "rag-answer/1", 2)
    assert (given.input_tokens, given.output_tokens, str(given.cost_usd)) == (100, 20, "0.00012")
    assert given.timings_ms == {"generate": 5.0}


def test_an_answer_without_a_model_names_none(answer) -> None:
    meta = answer.meta.model_copy(update={"model": None, "provider": None, "prompt": None})
    given = given_of(answer.model_copy(update={"meta": meta}))
    assert (given.model, given.prompt) == ("", "")


async def test_a_failure_is_raised_as_its_problem(case) -> None:
    with pytest.raises(Unavailable):
        await AnswererAnswering(Events(Failed(Unavailable("away")))).answer("acme", case(), RetrievalOptions())


async def test_an_answerer_that_just_ends_is_a_fault(case) -> None:
    with pytest.raises(RuntimeError, match="without an answer"):
        await AnswererAnswering(Events(Token("The"))).answer("acme", case(), RetrievalOptions())


async def test_a_search_is_given_the_history(case, passage) -> None:
    class Retriever:
        async def search(self, tenant, query, options, history=()) -> Found:
            self.asked = (tenant, query, options.limit, [turn.question for turn in history])
            return Found(query, (query,), (passage(),))

    retriever = Retriever()
    found = await RetrieverSearching(retriever).search("acme", case(history=HISTORY), RetrievalOptions(limit=7))
    assert retriever.asked == ("acme", "Which port?", 7, ["Which service?"])
    assert found[0].document_name == "a.md"


def test_a_praised_answer_is_a_question_with_its_pages(answer) -> None:
    case = case_of(answer, "up", None)
    assert case is not None
    assert (case.id, case.question, case.answer) == (str(ANSWER_ID), "Which port has rag?", "The port is 8002.")
    assert [(place.document, place.page) for place in case.expected] == [("a.md", 1)]


def test_a_praised_abstention_is_an_unanswerable_question(answer) -> None:
    case = case_of(answer.model_copy(update={"abstained": True, "citations": []}), "up", None)
    assert case is not None
    assert case.kind is Kind.UNANSWERABLE


def test_of_a_criticised_answer_the_comment_is_the_reference(answer) -> None:
    case = case_of(answer, "down", "It is 8003.")
    assert case is not None
    assert case.answer == "It is 8003."
    assert [(place.document, place.page) for place in case.expected] == [("a.md", None)]
    uncited = case_of(answer.model_copy(update={"citations": []}), "down", "It is 8003.")
    assert uncited is not None
    assert uncited.expected[0].document == "a.md"


def test_what_nobody_knows_the_answer_of_is_left_out(answer) -> None:
    lost = answer.model_copy(update={"citations": [], "sources": []})
    rated = [
        (answer, "down", None),
        (answer, "down", "  "),
        (lost, "up", None),
        (lost, "down", "8003"),
        (answer, "up", ""),
    ]
    assert len(cases_of(rated)) == 1
