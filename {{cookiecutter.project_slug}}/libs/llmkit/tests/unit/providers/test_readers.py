"""Both protocols in the forms that servers really send."""

import json

import pytest

from llmkit.answers import Draft
from llmkit.call import TokenUsage
from llmkit.errors import Malformed, RateLimited
from llmkit.providers.anthropic_wire import NOTHING, AnthropicReader
from llmkit.providers.faults import ToldInStream, name_raised
from llmkit.providers.openai_wire import OpenAIReader
from llmkit.providers.ports import Finish

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"required": ["a"]}}}]


def chunk(delta: object = None, finish: str | None = None, **more: object) -> bytes:
    return json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]} | more).encode()


def call(args: str, **more: object) -> dict[str, object]:
    return {"tool_calls": [{"function": {"name": "f", "arguments": args}} | more]}


def test_openai_counts_tokens_from_the_cache() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5}}
    piece = OpenAIReader().read(json.dumps({"choices": [], "usage": usage}).encode())
    assert piece.usage == TokenUsage(9, 3, cached_input=5)


def test_openai_refusals_are_refusals() -> None:
    assert OpenAIReader().read(chunk({"refusal": "I will not"})).finish is Finish.REFUSED


@pytest.mark.parametrize(
    ("reason", "finish"), [("stop", Finish.STOP), ("length", Finish.LENGTH), ("eos", Finish.STOP), (None, None)]
)
def test_openai_reasons(reason: str | None, finish: Finish | None) -> None:
    assert OpenAIReader().read(chunk({}, reason)).finish is finish


def test_openai_calls_without_numbers_are_kept_apart() -> None:
    reader, draft = OpenAIReader(), Draft()
    draft.add(reader.read(chunk(call('{"a": 1}', id="1"))))
    draft.add(reader.read(chunk(call('{"a": 2}', id="2"), "tool_calls")))
    assert [made["args"] for made in draft.judge("m", TOOLS).tool_calls] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("error", [{"type": "t", "message": "m"}, "it broke", [1]])
def test_openai_errors_of_any_form_are_errors(error: object) -> None:
    with pytest.raises(ToldInStream):
        OpenAIReader().read(json.dumps({"error": error}).encode())


def test_an_openai_answer_that_ends_with_an_error_is_no_whole_answer() -> None:
    body = {"choices": [{"delta": {"content": "Half a"}, "finish_reason": "error"}]}
    with pytest.raises(ToldInStream):
        OpenAIReader().read(json.dumps(body).encode())


@pytest.mark.parametrize("more", [{}, {"choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}])
def test_openai_errors_with_a_number_are_named_by_it(more: dict[str, object]) -> None:
    body = json.dumps({"error": {"code": 429, "message": "slow down"}} | more).encode()
    for read in (OpenAIReader().read, OpenAIReader().read_whole):
        with pytest.raises(ToldInStream) as raised:
            read(body)
        assert isinstance(name_raised("m", raised.value), RateLimited)


def test_openai_answers_hold_choices() -> None:
    with pytest.raises(Malformed):
        OpenAIReader().read_whole(b"{}")


def test_anthropic_leaves_thinking_out() -> None:
    reader = AnthropicReader()
    for event in (
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "brand_new_event"},
    ):
        assert reader.read(json.dumps(event).encode()) is NOTHING


def test_anthropic_text_may_come_with_the_start_of_a_block() -> None:
    event = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}}
    assert AnthropicReader().read(json.dumps(event).encode()).text == "Hi"


def test_anthropic_arguments_may_come_with_the_start_of_a_block() -> None:
    block = {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}
    reader, draft = AnthropicReader(), Draft()
    draft.add(reader.read(json.dumps({"type": "content_block_start", "content_block": block}).encode()))
    draft.add(reader.read(json.dumps({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}).encode()))
    assert draft.judge("m", TOOLS).tool_calls[0]["args"] == {"a": 1}


def test_anthropic_counts_are_put_together_from_several_events() -> None:
    reader = AnthropicReader()
    usage = {"input_tokens": 5, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 3, "output_tokens": 1}
    first = reader.read(json.dumps({"type": "message_start", "message": {"usage": usage}}).encode())
    last = reader.read(json.dumps({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 40}}).encode())
    assert first.usage == TokenUsage(28, 1, cached_input=20)
    assert last.usage == TokenUsage(28, 40, cached_input=20)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("refusal", Finish.REFUSED),
        ("tool_use", Finish.TOOL_CALLS),
        (None, None),
    ],
)
def test_anthropic_reasons(reason: str | None, finish: Finish | None) -> None:
    body = {"content": [{"type": "text", "text": "x"}], "stop_reason": reason}
    assert AnthropicReader().read_whole(json.dumps(body).encode()).finish is finish
