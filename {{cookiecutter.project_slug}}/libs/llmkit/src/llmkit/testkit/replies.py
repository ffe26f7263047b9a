"""What the provider on the wire answers, in either protocol."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Protocol: TypeAlias = Literal["openai", "anthropic"]
Fault: TypeAlias = Literal["truncate", "drop", "corrupt", "stall", "error"]

_ANTHROPIC_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}


@dataclass(frozen=True)
class Reply:
    """One answer, good or bad. Texts go out word by word when the request wants a stream."""

    words: tuple[str, ...] = ("Paris", " is", " it.")
    finish: str | None = "stop"
    """OpenAI's name of it; None leaves the reason out."""
    usage: tuple[int, int] | None = (11, 7)
    """Tokens in and out; None leaves the block out."""
    tool: tuple[str, str] | None = None
    """The name of a tool and the text of its arguments, cut or not."""
    status: int = 200
    kind: str = "server_error"
    """The provider's name of the error, for a status other than 200 and for the fault `error`."""
    message: str = "it is not to be"
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    after: int = 1
    """Pieces that come before the fault; if there are no more, it comes after the end of the answer."""
    pause: float = 0.0
    """Seconds from each piece to the next, or before the whole answer."""
    together: int = 0
    """So many requests must have been in work at once before the answer begins."""
    whole: bytes | None = None
    """The body to send instead, whatever the protocol says."""


def error_body(protocol: Protocol, reply: Reply) -> bytes:
    """The body of an error response."""
    error = {"type": reply.kind, "code": reply.kind, "message": reply.message}
    return json.dumps({"type": "error", "error": error} if protocol == "anthropic" else {"error": error}).encode()


def whole_body(protocol: Protocol, reply: Reply) -> bytes:
    """The body of an answer that does not stream."""
    made = _anthropic_whole(reply) if protocol == "anthropic" else _openai_whole(reply)
    return json.dumps(made).encode()


def stream_pieces(protocol: Protocol, reply: Reply) -> Iterator[bytes]:
    """The events of a stream."""
    if protocol == "anthropic":
        for event in _anthropic_events(reply):
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        return
    for chunk in _openai_chunks(reply):
        yield f"data: {json.dumps(chunk)}\n\n".encode()
    yield b"data: [DONE]\n\n"


def error_event(protocol: Protocol, reply: Reply) -> bytes:
    """An error in the middle of a stream."""
    body = error_body(protocol, reply)
    return (b"event: error\n" if protocol == "anthropic" else b"") + b"data: " + body + b"\n\n"


def _openai_usage(reply: Reply) -> dict[str, object]:
    if reply.usage is None:
        return {}
    sent, made = reply.usage
    return {"usage": {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made}}


def _openai_whole(reply: Reply) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": "".join(reply.words)}
    if reply.tool:
        name, args = reply.tool
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": {"name": name, "arguments": args}}]
    choice = {"index": 0, "message": message, "finish_reason": reply.finish}
    return {"id": "c1", "object": "chat.completion", "model": "mock-1", "choices": [choice]} | _openai_usage(reply)


def _openai_chunks(reply: Reply) -> Iterator[dict[str, object]]:
    def chunk(delta: dict[str, object], finish: str | None = None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"id": "c1", "object": "chat.completion.chunk", "model": "mock-1", "choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    for word in reply.words:
        yield chunk({"content": word})
    if reply.tool:
        name, args = reply.tool
        function = {"name": name, "arguments": ""}
        yield chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
        for half in (args[: len(args) // 2], args[len(args) // 2 :]):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": half}}]})
    if reply.finish:
        yield chunk({}, reply.finish)
    if reply.usage:
        yield chunk({}) | {"choices": []} | _openai_usage(reply)


def _anthropic_usage(reply: Reply) -> dict[str, int]:
    return {"input_tokens": reply.usage[0], "output_tokens": reply.usage[1]} if reply.usage else {}


def _anthropic_reason(reply: Reply) -> str | None:
    return _ANTHROPIC_REASONS.get(reply.finish, reply.finish) if reply.finish else None


def _anthropic_whole(reply: Reply) -> dict[str, object]:
    content: list[dict[str, object]] = [{"type": "text", "text": "".join(reply.words)}] if reply.words else []
    if reply.tool:
        name, args = reply.tool
        try:
            found = json.loads(args)
        except ValueError:
            found = {}  # the API cannot show half an object, so it shows an empty one
        content.append({"type": "tool_use", "id": "toolu_1", "name": name, "input": found})
    made: dict[str, object] = {"id": "m1", "type": "message", "role": "assistant", "model": "mock-1"}
    made |= {"content": content, "stop_reason": _anthropic_reason(reply), "stop_sequence": None}
    return made | ({"usage": _anthropic_usage(reply)} if reply.usage else {})


def _anthropic_events(reply: Reply) -> Iterator[dict[str, object]]:
    message: dict[str, object] = {"id": "m1", "type": "message", "role": "assistant", "model": "mock-1", "content": []}
    if reply.usage:
        message["usage"] = {"input_tokens": reply.usage[0], "output_tokens": 1}
    yield {"type": "message_start", "message": message}
    yield {"type": "ping"}
    if reply.words:
        yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        for word in reply.words:
            yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
        yield {"type": "content_block_stop", "index": 0}
    if reply.tool:
        name, args = reply.tool
        block = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
        yield {"type": "content_block_start", "index": 1, "content_block": block}
        for half in (args[: len(args) // 2], args[len(args) // 2 :]):
            yield {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "input_json_delta", "partial_json": half},
            }
        yield {"type": "content_block_stop", "index": 1}
    if reply.finish:
        usage = {"output_tokens": reply.usage[1]} if reply.usage else {}
        delta = {"stop_reason": _anthropic_reason(reply), "stop_sequence": None}
        yield {"type": "message_delta", "delta": delta, "usage": usage}
        yield {"type": "message_stop"}
