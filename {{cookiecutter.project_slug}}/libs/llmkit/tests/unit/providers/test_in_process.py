"""Models of LangChain in this process answer like any other."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

from llmkit.answers import Draft
from llmkit.errors import Malformed, OutputLimitReached
from llmkit.providers.in_process import InProcessProvider
from llmkit.providers.ports import Ask

ASK = Ask([HumanMessage("?")], 100)
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


class Whole(BaseChatModel):
    """Answers in one piece and shows what it was given."""

    given: dict[str, object] = Field(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "whole"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: object
    ) -> Runnable[Any, AIMessage]:  # type: ignore[override]
        return self.bind(tools=tools, tool_choice=tool_choice)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: object = None, **kwargs: object
    ) -> ChatResult:
        self.given.update(kwargs, stop=stop)
        message = AIMessage(
            "done",
            tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}] if "tools" in kwargs else [],
            usage_metadata={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


class Limited(Whole):
    """Streams, and says that it was cut."""

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: object = None, **kwargs: object
    ) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk("do"))
        yield ChatGenerationChunk(message=AIMessageChunk("ne"), generation_info={"finish_reason": "length"})


async def drafted(provider: InProcessProvider, ask: Ask, *, streaming: bool) -> Draft:
    draft = Draft()
    if streaming:
        async for piece in provider.stream("m", ask):
            draft.add(piece)
    else:
        draft.add(await provider.complete("m", ask))
    return draft


@pytest.mark.parametrize("streaming", [False, True])
async def test_its_end_is_the_end_of_the_answer(streaming: bool) -> None:
    provider = InProcessProvider(lambda: GenericFakeChatModel(messages=iter([AIMessage("one two")])))
    draft = await drafted(provider, ASK, streaming=streaming)
    assert draft.judge("m", ()).text == "one two"


@pytest.mark.parametrize("streaming", [False, True])
async def test_gets_tools_and_gives_calls_and_counts(streaming: bool) -> None:
    model = Whole()
    ask = Ask([HumanMessage("?")], 100, stop=["x"], tools=[TOOL], tool_choice="any")
    draft = await drafted(InProcessProvider(lambda: model), ask, streaming=streaming)
    assert draft.judge("m", [TOOL]).tool_calls[0]["args"] == {"a": 1}
    assert draft.usage is not None
    assert (draft.usage.input, draft.usage.output) == (3, 2)
    assert model.given == {"tools": [TOOL], "tool_choice": "any", "stop": ["x"]}


async def test_a_reason_that_it_gives_counts() -> None:
    draft = await drafted(InProcessProvider(Limited), ASK, streaming=True)
    with pytest.raises(OutputLimitReached):
        draft.judge("m", ())


async def test_the_offline_model_is_the_one_by_default() -> None:
    provider = InProcessProvider()
    assert not provider.loaded
    provider.load()
    assert provider.loaded
    await provider.aclose()
    assert not provider.loaded
    assert isinstance(provider.fault("m", RuntimeError("x")), Malformed)
