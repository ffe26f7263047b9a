"""From OpenAI's requests to questions."""

import pytest

from llmkit.call import ModelRef
from rag.openai_api.errors import ModelNotFound
from rag.openai_api.schemas import ChatRequest
from rag.openai_api.service import chosen_model, question_of, turns_of
from rag.retrieval.passages import RetrievalOptions
from rag.retrieval.ports import Turn
from rag.retrieval.schemas import QUESTION_LENGTH
from servicekit.problems import UnprocessableContent

MODELS = (ModelRef("openai", "big"), ModelRef("offline", "offline"))


def request_of(*messages: tuple[str, object], **more: object) -> ChatRequest:
    said = [{"role": role, "content": content} for role, content in messages]
    return ChatRequest.model_validate({"model": "rag", "messages": said, **more})


def test_questions_are_paired_with_the_answers_that_followed() -> None:
    request = request_of(
        ("assistant", "welcome"), ("user", "a"), ("user", "b"), ("assistant", "B"), ("system", "s"), ("user", "c")
    )
    assert turns_of(request.messages[:-1]) == [Turn("a", ""), Turn("b", "B")]


def test_the_last_message_of_the_user_asks_also_when_others_follow() -> None:
    request = request_of(("user", "first"), ("assistant", None), ("user", "second"), ("assistant", "Well,"))
    question = question_of("acme", request, None, RetrievalOptions())
    assert (question.text, question.history) == ("second", (Turn("first", ""),))


def test_without_a_user_the_last_message_asks() -> None:
    assert question_of("acme", request_of(("system", "What is it?")), None, RetrievalOptions()).text == "What is it?"


def test_fields_without_a_meaning_here_are_ignored() -> None:
    request = request_of(("user", "a"), top_p=0.5, seed=3, user="me", presence_penalty=1)
    assert question_of("acme", request, None, RetrievalOptions()).text == "a"


def test_the_newer_name_of_the_limit_wins() -> None:
    request = request_of(("user", "a"), max_tokens=5, max_completion_tokens=7)
    assert question_of("acme", request, None, RetrievalOptions()).max_output_tokens == 7


def test_models_are_found_by_the_names_that_are_listed() -> None:
    assert chosen_model("rag", MODELS) is None
    assert chosen_model("rag:openai:big", MODELS) == MODELS[0]
    assert chosen_model("rag:offline", MODELS) == MODELS[1]
    with pytest.raises(ModelNotFound, match="rag, rag:openai:big, rag:offline"):
        chosen_model("openai:big", MODELS)


def test_a_question_may_not_be_longer_than_elsewhere() -> None:
    request = request_of(("user", "a"), ("assistant", "b"), ("user", "c" * (QUESTION_LENGTH + 1)))
    with pytest.raises(UnprocessableContent) as refused:
        question_of("acme", request, None, RetrievalOptions())
    assert [error.name for error in refused.value.errors] == ["messages[2].content"]


def test_of_long_earlier_messages_the_beginning_is_read() -> None:
    request = request_of(("user", "a" * 10_000), ("assistant", "b" * 10_000), ("user", "c"))
    (turn,) = question_of("acme", request, None, RetrievalOptions()).history
    assert turn == Turn("a" * QUESTION_LENGTH, "b" * QUESTION_LENGTH)


def test_all_questions_of_a_chat_get_one_version_of_the_prompt() -> None:
    def thread(*messages: tuple[str, str]) -> str:
        return question_of("acme", request_of(*messages), None, RetrievalOptions()).thread

    first = thread(("user", "a"))
    assert thread(("user", "a"), ("assistant", "b"), ("user", "c")) == first
    assert thread(("user", "another")) != first
