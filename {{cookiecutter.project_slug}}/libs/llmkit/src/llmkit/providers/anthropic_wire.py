"""Anthropic's messages as they look on the wire, and as pieces. Thinking is not part of an answer and left out."""

import json
from typing import Any

import msgspec
from langchain_core.messages.tool import tool_call_chunk

from llmkit.call import TokenUsage
from llmkit.errors import Malformed
from llmkit.providers.faults import ToldInStream
from llmkit.providers.ports import Finish, Piece

_FINISH = {
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "pause_turn": Finish.LENGTH,
    "tool_use": Finish.TOOL_CALLS,
    "refusal": Finish.REFUSED,
}
NOTHING = Piece()


class _Block(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Message(msgspec.Struct):
    model: str | None = None
    usage: _Usage | None = None
    content: list[_Block] | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    """Any event: each type has its own of these fields."""

    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Block | None = None
    usage: _Usage | None = None
    error: Any = None


_event = msgspec.json.Decoder(_Event)
_message = msgspec.json.Decoder(_Message)


class AnthropicReader:
    """Reads the events of one answer, or one that is whole."""

    def __init__(self) -> None:
        self._usage = _Usage()
        self.stopped = False
        """Whether the event that ends a message has come."""

    def read(self, data: bytes) -> Piece:
        """Return what an event adds. Raises msgspec's DecodeError or `ToldInStream`."""
        event = _event.decode(data)
        if event.type == "content_block_delta" and event.delta is not None:
            return self._delta(event.index, event.delta)
        if event.type == "content_block_start" and event.content_block is not None:
            return self._start(event.index, event.content_block)
        if event.type == "message_start" and event.message is not None:
            return Piece(usage=self._count(event.message.usage), model=event.message.model)
        if event.type == "message_delta":
            return Piece(
                finish=_finish(event.delta.stop_reason if event.delta else None), usage=self._count(event.usage)
            )
        if event.type == "error":
            raise ToldInStream(event.error)
        self.stopped = self.stopped or event.type == "message_stop"
        return NOTHING

    def read_whole(self, data: bytes) -> Piece:
        """Return a whole answer; `Malformed` when there is none in it."""
        message = _message.decode(data)
        if message.content is None:
            raise Malformed("The answer holds no content.")
        calls = [
            tool_call_chunk(name=block.name, args=json.dumps(block.input or {}), id=block.id, index=index)
            for index, block in enumerate(message.content)
            if block.type == "tool_use"
        ]
        text = "".join(block.text or "" for block in message.content if block.type == "text")
        return Piece(text, calls, _finish(message.stop_reason), self._count(message.usage), message.model)

    def _delta(self, index: int, delta: _Block) -> Piece:
        if delta.type == "text_delta":
            return Piece(delta.text or "")
        if delta.type == "input_json_delta":
            return Piece(calls=(tool_call_chunk(args=delta.partial_json, index=index),))
        return NOTHING

    def _start(self, index: int, block: _Block) -> Piece:
        if block.type == "tool_use":
            args = json.dumps(block.input) if block.input else ""
            return Piece(calls=(tool_call_chunk(name=block.name, args=args, id=block.id, index=index),))
        return Piece(block.text or "") if block.type == "text" else NOTHING

    def _count(self, usage: _Usage | None) -> TokenUsage | None:
        if usage is None:
            return None
        for name in usage.__struct_fields__:  # counts are totals, and the last event may repeat only some of them
            if getattr(usage, name) is not None:
                setattr(self._usage, name, getattr(usage, name))
        cached = self._usage.cache_read_input_tokens or 0
        written = self._usage.cache_creation_input_tokens or 0
        if self._usage.output_tokens is None:
            return None
        return TokenUsage((self._usage.input_tokens or 0) + cached + written, self._usage.output_tokens, cached)


def _finish(reason: str | None) -> Finish | None:
    return _FINISH.get(reason, Finish.STOP) if reason else None
