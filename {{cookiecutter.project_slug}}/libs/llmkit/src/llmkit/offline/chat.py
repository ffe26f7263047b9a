"""The offline model as a LangChain chat model: the same interface as a provider's, no key, no network, no waiting."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCall, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from llmkit.offline.reply import Reply, reply_to
from llmkit.offline.request import text_of

NAME = "offline"
_STEP = re.compile(r"\s*\S+\s*?(?=\s|$)|\s+$")
_BYTES_PER_TOKEN = 4


class OfflineChatModel(BaseChatModel):
    """Answers from the passages of the prompt by extraction, or says that it does not know.

    It is deterministic. Tools are called only when the question asks for them; `tool_choice` and `response_format` are
    obeyed. See `llmkit.offline.request` for the tags that it reads.
    """

    model: str = NAME

    @property
    def _llm_type(self) -> str:
        return NAME

    @property
    def _identifying_params(self) -> dict[str, Any]:  # the base class declares Any
        return {"model": self.model}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],  # the base class declares Any
        *,
        tool_choice: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - the base class declares Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the model with tools that it may call."""
        documents = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=documents, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - nothing to report before the end
        **kwargs: Any,  # noqa: ANN401 - the base class declares Any
    ) -> ChatResult:
        reply = _cut(reply_to(messages, kwargs), stop)
        message = AIMessage(
            content=reply.text,
            tool_calls=_tool_calls(reply),
            usage_metadata=usage_of(messages, reply),
            response_metadata=_metadata(reply),
        )
        return ChatResult(generations=[ChatGeneration(message=message, generation_info=_metadata(reply))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - the base class declares Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(messages, _cut(reply_to(messages, kwargs), stop)):
            if run_manager:
                run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - the base class declares Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = _cut(await asyncio.to_thread(reply_to, messages, kwargs), stop)
        for chunk in _chunks(messages, reply):
            if run_manager:
                await run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk


def _chunks(messages: Sequence[BaseMessage], reply: Reply) -> Iterator[ChatGenerationChunk]:
    """Word by word; the last chunk says why it ended and what it took."""
    for piece in _STEP.findall(reply.text):
        yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
    for index, call in enumerate(_tool_calls(reply)):
        part = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
        yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[part]))
    last = AIMessageChunk(
        content="",
        usage_metadata=usage_of(messages, reply),
        response_metadata=_metadata(reply),
        chunk_position="last",
    )
    yield ChatGenerationChunk(message=last, generation_info=_metadata(reply))


def _cut(reply: Reply, stop: Sequence[str] | None) -> Reply:
    """End a text where the first stop word begins."""
    ends = [at for word in stop or () if word and (at := reply.text.find(word)) >= 0]
    return Reply(reply.text[: min(ends)], reply.calls) if ends else reply


def _tool_calls(reply: Reply) -> list[ToolCall]:
    return [
        ToolCall(name=call.tool.name, args=dict(call.arguments), id=f"call_{index}_{call.tool.name}", type="tool_call")
        for index, call in enumerate(reply.calls)
    ]


def _metadata(reply: Reply) -> dict[str, Any]:  # LangChain's own type
    return {"model_name": NAME, "model_provider": NAME, "finish_reason": "tool_calls" if reply.calls else "stop"}


def usage_of(messages: Sequence[BaseMessage], reply: Reply) -> UsageMetadata:
    """Count tokens as a quarter of the UTF-8 bytes, which is near what providers count for English."""
    given = sum(count_tokens(text_of(message)) + 3 for message in messages)
    made = count_tokens(reply.text) + sum(count_tokens(json.dumps(dict(call.arguments))) + 3 for call in reply.calls)
    return UsageMetadata(input_tokens=given, output_tokens=made, total_tokens=given + made)


def count_tokens(text: str) -> int:
    """Estimate the tokens of a text."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)
