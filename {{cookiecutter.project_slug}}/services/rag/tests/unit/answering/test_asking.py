"""Asks within conversations."""

from uuid import uuid4

import pytest

from llmkit.call import ModelRef
from rag.answering.asking import Asker
from rag.answering.errors import InvalidSchema, UnknownModel
from rag.answering.events import Answered, Failed
from rag.answering.ports import NoCanary, NoThreads
from rag.answering.schemas import AskRequest
from rag.answering.settings import AnsweringSettings
from rag.conversations.errors import ConversationNotFound
from rag.retrieval.ports import Turn
from rag.retrieval.settings import RetrievalSettings


class MemoryThreads:
    """Conversations in a dictionary."""

    def __init__(self) -> None:
        self.turns: dict[object, list[Turn]] = {}
        self.refuses = False

    async def history(self, tenant, conversation_id, turns):
        if conversation_id not in self.turns:
            raise ConversationNotFound("There is none.")
        return self.turns[conversation_id][-turns:]

    async def keep(self, question, answer):
        if self.refuses:
            raise ConversationNotFound("It is gone.")
        self.turns.setdefault(question.conversation_id, []).append(Turn(question.text, answer.answer))


@pytest.fixture
def threads() -> MemoryThreads:
    return MemoryThreads()


@pytest.fixture
def asker(answerer, threads, gateway) -> Asker:
    return Asker(
        answerer=answerer,
        threads=threads,
        models=gateway,
        retrieval=RetrievalSettings(limit=7),
        settings=AnsweringSettings(history_turns=2),
    )


async def test_without_a_conversation_a_new_one_begins(asker, threads, provider) -> None:
    provider.script = ["The port is 8002 [1]."]
    question = await asker.question("acme", AskRequest(question="Which port?"))
    assert (question.begins, question.history, question.options.limit) == (True, (), 7)
    events = [event async for event in asker.answer(question)]
    assert isinstance(events[-1], Answered)
    assert events[-1].answer.conversation_id == question.conversation_id
    assert threads.turns == {question.conversation_id: [Turn("Which port?", "The port is 8002 [1].")]}


async def test_a_conversation_goes_on_with_its_last_turns(asker, threads) -> None:
    conversation = uuid4()
    threads.turns[conversation] = [Turn(str(number), "") for number in range(5)]
    question = await asker.question("acme", AskRequest(question="a", conversation_id=conversation))
    assert [turn.question for turn in question.history] == ["3", "4"]
    assert not question.begins


async def test_what_cannot_be_asked_is_refused(asker) -> None:
    with pytest.raises(ConversationNotFound):
        await asker.question("acme", AskRequest(question="a", conversation_id=uuid4()))
    with pytest.raises(UnknownModel, match="openai:big, openai:small, offline"):
        await asker.question("acme", AskRequest(question="a", model="gpt"))
    with pytest.raises(InvalidSchema):
        await asker.question("acme", AskRequest(question="a", schema={}))


async def test_a_model_is_named_as_it_is_listed(asker) -> None:
    assert asker.model("openai:small") == ModelRef("openai", "small")


async def test_an_answer_that_cannot_be_kept_is_not_given(asker, threads, provider) -> None:
    provider.script = ["The port is 8002 [1]."]
    threads.refuses = True
    events = [event async for event in asker.answer(await asker.question("acme", AskRequest(question="Which port?")))]
    assert isinstance(events[-1], Failed)
    assert not any(isinstance(event, Answered) for event in events)


async def test_nothing_is_remembered_without_threads(provider, answerer, gateway) -> None:
    provider.script = ["The port is 8002 [1]."]
    asker = Asker(
        answerer=answerer,
        threads=NoThreads(),
        models=gateway,
        retrieval=RetrievalSettings(),
        settings=AnsweringSettings(),
    )
    question = await asker.question("acme", AskRequest(question="Which port?", conversation_id=uuid4()))
    assert question.history == ()
    assert [event async for event in asker.answer(question)][-1].answer.answer == "The port is 8002 [1]."


def test_without_a_mark_nothing_leaks() -> None:
    assert NoCanary().mark("rules") == "rules"
    assert not NoCanary().leaked("rules")
