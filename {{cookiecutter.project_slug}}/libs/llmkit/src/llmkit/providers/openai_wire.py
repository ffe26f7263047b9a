"""OpenAI's chat completions as they look on the wire, and as pieces."""

from collections.abc import Iterator
from typing import Any

import msgspec
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from llmkit.call import TokenUsage
from llmkit.errors import Malformed
from llmkit.providers.faults import ToldInStream
from llmkit.providers.ports import Finish, Piece

_FINISH = {
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "tool_calls": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "content_filter": Finish.FILTERED,
    "refusal": Finish.REFUSED,
}


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    function: _Function
    index: int | None = None
    id: str | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Completion(msgspec.Struct):
    """An answer, or a chunk of one."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: str | None = None
    error: Any = None
    """An object by the protocol; whatever it is, it is an error."""


_decoder = msgspec.json.Decoder(_Completion)


class OpenAIReader:
    """Reads the chunks of one answer, or one that is whole."""

    def __init__(self) -> None:
        self._call = -1

    def read(self, data: bytes) -> Piece:
        """Return what a chunk adds. Raises msgspec's DecodeError, `ToldInStream` or `Malformed`."""
        found = _decoder.decode(data)
        if found.error:
            raise ToldInStream(found.error)
        if not found.choices:
            return Piece(usage=_usage(found.usage), model=found.model)
        choice = found.choices[0]
        if choice.finish_reason == "error":  # of routers, when what is behind them broke off without a word
            raise ToldInStream(None)
        message = choice.delta or choice.message or _Message()
        finish = choice.finish_reason and _FINISH.get(choice.finish_reason, Finish.STOP)
        if message.refusal:
            finish = Finish.REFUSED
        calls = tuple(self._calls(message.tool_calls or ()))
        return Piece(message.content or "", calls, finish or None, _usage(found.usage), found.model)

    def read_whole(self, data: bytes) -> Piece:
        """Return a whole answer; `Malformed` when there is none in it."""
        piece = self.read(data)
        if _decoder.decode(data).choices is None:
            raise Malformed("The answer holds no choices.")
        return piece

    def _calls(self, calls: "list[_Call] | tuple[()]") -> Iterator[ToolCallChunk]:
        for call in calls:
            if call.index is not None:
                self._call = call.index
            elif call.id:  # servers that number nothing send each call in one piece
                self._call += 1
            yield tool_call_chunk(
                name=call.function.name, args=call.function.arguments, id=call.id, index=max(0, self._call)
            )


def _usage(usage: _Usage | None) -> TokenUsage | None:
    if usage is None or usage.completion_tokens is None:
        return None
    details = usage.prompt_tokens_details
    return TokenUsage(
        input=usage.prompt_tokens or 0,
        output=usage.completion_tokens,
        cached_input=(details.cached_tokens or 0) if details else 0,
    )
