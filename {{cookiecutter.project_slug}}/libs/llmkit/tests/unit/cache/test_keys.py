from collections.abc import Sequence
from dataclasses import replace

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from llmkit.cache.keys import AnswerKey, answer_key
from llmkit.call import Call, ModelRef, PromptRef

CALL = Call(tenant="acme", purpose="rag.answer", prompt=PromptRef("rag-answer", "1"), temperature=0.0)
MODELS = (ModelRef("openai", "gpt-5-mini"), ModelRef("offline", "offline"))
MESSAGES = (SystemMessage("Answer briefly."), HumanMessage("What is a lease?"))


def key(
    call: Call = CALL,
    models: Sequence[ModelRef] = MODELS,
    messages: Sequence[BaseMessage] = MESSAGES,
    options: str = "tools=[]",
) -> AnswerKey:
    return answer_key(call, models, messages, options)


def test_the_same_call_has_the_same_key_whoever_asks_and_whenever() -> None:
    again = [SystemMessage("Answer briefly.", id="1"), HumanMessage("What is a lease?", id="2")]
    assert key(replace(CALL, request_id="r9", deadline_seconds=3), messages=again) == key()


@pytest.mark.parametrize(
    "other",
    [
        key(replace(CALL, tenant="globex")),
        key(replace(CALL, purpose="rag.title")),
        key(replace(CALL, prompt=PromptRef("rag-answer", "2"))),
        key(replace(CALL, prompt=None)),
        key(replace(CALL, temperature=0.5)),
        key(replace(CALL, max_output_tokens=10)),
        key(models=MODELS[:1]),
        key(models=MODELS[::-1]),
        key(options="tools=[x]"),
        key(messages=[SystemMessage("Answer at length."), MESSAGES[1]]),
        key(messages=[*MESSAGES[:1], AIMessage("Before."), MESSAGES[1]]),
    ],
)
def test_whatever_changes_the_answer_changes_both_hashes(other: AnswerKey) -> None:
    assert other.exact != key().exact
    assert other.scope != key().scope


def test_calls_that_differ_in_the_question_share_a_scope() -> None:
    other = key(messages=[MESSAGES[0], HumanMessage("What is a lock?")])
    assert (other.scope, other.exact == key().exact) == (key().scope, False)
    assert (key().question, other.question) == ("What is a lease?", "What is a lock?")


def marked(passages: str, question: str) -> AnswerKey:
    return key(messages=[HumanMessage(f"{passages}\n<question>{question}</question>\n<task>answer</task>")])


def test_a_marked_question_is_compared_alone_and_the_passages_must_be_equal() -> None:
    one, other = marked("P1 P2", "What is a lease?"), marked("P1 P2", "What's a lease?")
    assert (one.question, other.question) == ("What is a lease?", "What's a lease?")
    assert one.scope == other.scope
    assert one.exact != other.exact
    assert marked("P1 P3", "What is a lease?").scope != one.scope


def test_several_marked_questions_are_compared_exactly_only() -> None:
    text = "<question>one</question><question>two</question>"
    assert key(messages=[HumanMessage(text)]).question is None


@pytest.mark.parametrize(
    "last",
    [
        ToolMessage("42", tool_call_id="1"),
        AIMessage("So?"),
        HumanMessage(
            [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
        ),
        HumanMessage("  "),
    ],
)
def test_what_is_no_question_in_words_is_compared_exactly_only(last: BaseMessage) -> None:
    assert key(messages=[last]).question is None


def test_no_messages_are_no_question() -> None:
    assert key(messages=[]).question is None


def test_tool_calls_are_part_of_the_key_and_their_ids_are_not() -> None:
    def with_call(name: str, identity: str) -> AnswerKey:
        call = {"name": name, "args": {"q": 1}, "id": identity}
        return key(messages=[*MESSAGES, AIMessage("", tool_calls=[call]), ToolMessage("42", tool_call_id=identity)])

    assert with_call("search", "1") == with_call("search", "2")
    assert with_call("search", "1") != with_call("delete", "1")


def test_half_surrogates_do_no_harm() -> None:
    assert key(messages=[HumanMessage("\ud800")]).exact
