"""The chat model that everyone uses: LangChain's interface over a governed call."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from llmkit.call import Call, ModelRef
from llmkit.course import Course
from llmkit.messages import estimate_tokens
from llmkit.parts import Parts
from llmkit.portal import Portal
from llmkit.providers.ports import Ask

OPTIONS = frozenset({"tools", "tool_choice", "parallel_tool_calls", "temperature", "max_tokens", "stream"})


class GovernedChatModel(BaseChatModel):
    """A chat model whose every answer goes through deadline, retries, fallback, budget, cache and books.

    Made by `Gateway.chat` for one kind of call. `report_of(message)` tells how an answer came about; of a stream, the
    last chunk has the report. Every fault of a provider is a `ModelError`.
    """

    call: Call
    models: tuple[ModelRef, ...]
    """In order of preference."""
    cache: bool | None = False  # LangChain's global cache knows no tenants: never used
    _parts: Parts = PrivateAttr()
    _portal: Portal = PrivateAttr()

    def __init__(self, *, call: Call, models: tuple[ModelRef, ...], parts: Parts, portal: Portal) -> None:
        super().__init__(call=call, models=models)
        self._parts = parts
        self._portal = portal

    @property
    def _llm_type(self) -> str:
        return "governed"

    @cached_property
    def _serialized(self) -> dict[str, Any]:
        """What LangChain tells its callbacks of a model; its own way writes out the whole call for each answer."""
        return {"lc": 1, "type": "not_implemented", "id": ["llmkit", "governed", type(self).__name__]}

    @property
    def model_name(self) -> str:
        """The model that is asked first."""
        return str(self.models[0])

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | bool | Mapping[str, Any] | None = None,
        strict: bool | None = None,
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools to whichever model answers; `tool_choice` is `auto`, `none`, `any` or a tool's name."""
        offered = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        return self.bind(tools=offered, tool_choice=_choice(tool_choice), **kwargs)

    def get_num_tokens(self, text: str) -> int:
        """Estimate the tokens of a text: tokenizers need downloads."""
        return estimate_tokens(text)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain passes it
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> ChatResult:
        return self._portal.run(self._agenerate(messages, stop, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain passes it
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> ChatResult:
        message = await self._course(messages, stop, kwargs).complete()
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain passes it
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> Iterator[ChatGenerationChunk]:
        yield from self._portal.iterate(self._astream(messages, stop, **kwargs))  # type: ignore[arg-type]  # a generator

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain passes it
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with aclosing(self._course(messages, stop, kwargs).stream()) as chunks:
            async for chunk in chunks:
                yield ChatGenerationChunk(message=chunk)

    def _course(self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]) -> Course:
        self._portal.enter()
        unknown = options.keys() - OPTIONS
        if unknown:
            raise TypeError(f"not all providers know the option {', '.join(sorted(unknown))}")
        temperature = options.get("temperature")
        ask = Ask(
            messages=messages,
            max_tokens=options.get("max_tokens")
            or self.call.max_output_tokens
            or self._parts.settings.max_output_tokens,
            stop=stop,
            temperature=self.call.temperature if temperature is None else temperature,
            tools=options.get("tools") or (),
            tool_choice=options.get("tool_choice"),
            parallel_tool_calls=options.get("parallel_tool_calls"),
        )
        return Course(self._parts, self.call, self.models, ask)


def _choice(choice: str | bool | Mapping[str, Any] | None) -> str | None:
    """Reduce the forms of LangChain and OpenAI to `auto`, `none`, `any` or a tool's name."""
    if isinstance(choice, Mapping):
        function = choice.get("function", choice)
        return str(function["name"])
    if isinstance(choice, bool):
        return "any" if choice else None
    return "any" if choice == "required" else choice
