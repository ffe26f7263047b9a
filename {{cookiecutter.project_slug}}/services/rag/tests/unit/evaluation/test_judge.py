from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable

from llmkit.call import Call, ModelRef, PromptRef
from llmkit.errors import Malformed
from rag.evaluation.errors import JudgeUnavailable
from rag.evaluation.judge import ModelJudge
from rag.retrieval.prompting import PromptWriter

STRONG, OFFLINE = ModelRef("openai", "gpt"), ModelRef("offline", "offline")
VERDICT = {"correct": True, "grounded": False, "reason": "It adds a number."}


class Judge(BaseChatModel):
    """A model that calls the offered tool with what it was told to, or says nothing."""

    arguments: dict[str, Any] | None

    @property
    def _llm_type(self) -> str:
        return "judge"

    def bind_tools(self, tools: Sequence[Any], **_: object) -> Runnable:
        return self

    def _generate(self, messages: list[BaseMessage], *_: object, **__: object) -> ChatResult:
        calls = [{"name": "JudgeReply", "args": self.arguments, "id": "1"}] if self.arguments else []
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=calls))])


class Models:
    def __init__(self, arguments: dict[str, Any] | None = VERDICT) -> None:
        self.model = Judge(arguments=arguments)
        self.calls: list[Call] = []

    def chat(self, call: Call) -> BaseChatModel:
        self.calls.append(call)
        return self.model

    def models(self) -> Sequence[ModelRef]:
        return (STRONG,)


class Prompts:
    """A prompt that shows its variables."""

    ref = PromptRef("rag-judge", "1")

    def choose(self, name: str, key: str | None = None) -> "Prompts":
        return self

    def render(self, **variables: str) -> list[BaseMessage]:
        self.variables = variables
        return [SystemMessage("judge"), HumanMessage(str(variables))]


async def test_a_strong_model_decides_and_the_offline_one_is_passed_over(case, given) -> None:
    models, prompts = Models(), Prompts()
    judge = ModelJudge(models, PromptWriter(prompts), (OFFLINE, STRONG))
    verdict = await judge.judge("acme", case(), given("The port is <8002> [1].", "It is 8002."))
    assert (verdict.correct, verdict.grounded, verdict.reason) == (True, False, "It adds a number.")
    (call,) = models.calls
    assert (call.tenant, call.models, call.temperature, call.prompt) == ("acme", (STRONG,), 0.0, prompts.ref)
    assert prompts.variables["answer"] == "The port is &lt;8002&gt; [1]."
    assert prompts.variables["cited"] == "[1] It is 8002."


async def test_a_judge_that_says_nothing_is_an_error(case, given) -> None:
    judge = ModelJudge(Models(None), PromptWriter(Prompts()), (STRONG,))
    with pytest.raises(Malformed):
        await judge.judge("acme", case(), given())


def test_the_offline_model_is_refused_as_judge() -> None:
    with pytest.raises(JudgeUnavailable, match="The offline model cannot judge"):
        ModelJudge(Models(), PromptWriter(Prompts()), (OFFLINE,))
