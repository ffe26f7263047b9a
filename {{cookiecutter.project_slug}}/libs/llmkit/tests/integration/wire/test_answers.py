"""Good answers of both protocols: text, tools, counts, money, and the report of what has happened."""

import asyncio
from decimal import Decimal

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel
from wire_bench import QUESTION, Bench, text_of

from llmkit.call import report_of
from llmkit.testkit.replies import Reply


class Weather(BaseModel):
    """Tell the weather."""

    city: str


async def test_answers_and_reports_what_it_took(bench: Bench) -> None:
    message = await bench.ask(request_id="r-1")
    assert message.text == "Paris is it."
    report = report_of(message)
    assert report is not None
    assert f"{report['provider']}:{report['model']}" == bench.model
    assert report["tokens"] == {"input": 11, "output": 7, "cached_input": 0, "estimated": False}
    assert Decimal(str(report["cost_usd"])) == Decimal("0.000025")
    assert (report["attempts"], report["fell_back_from"], report["cache"]) == (1, [], None)
    assert message.usage_metadata == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}


async def test_streams_the_same_answer_and_reports_in_the_last_chunk(bench: Bench) -> None:
    chunks = await bench.stream()
    assert [str(chunk.text) for chunk in chunks] == ["Paris", " is", " it.", ""]
    assert [report_of(chunk) is not None for chunk in chunks] == [False, False, False, True]
    merged = chunks[0] + chunks[1:]
    assert isinstance(merged, AIMessageChunk)
    report = report_of(merged)
    assert report is not None
    assert report["tokens"] == {"input": 11, "output": 7, "cached_input": 0, "estimated": False}
    assert isinstance(report["first_token_seconds"], float)
    assert merged.response_metadata["finish_reason"] == "stop"
    assert merged.usage_metadata is not None
    assert merged.usage_metadata["output_tokens"] == 7
    assert merged.chunk_position == "last"


async def test_sends_what_the_call_says_and_nothing_twice(bench: Bench) -> None:
    chat = bench.chat(max_output_tokens=99, temperature=0.25)
    await chat.ainvoke([SystemMessage("Be brief."), HumanMessage("Hi")], stop=["END"])
    (received,) = bench.wire.requests
    body = received.body
    assert body["model"] == "mock"
    assert body["temperature"] == 0.25
    assert body.get("max_completion_tokens", body.get("max_tokens")) == 99
    assert body.get("stop", body.get("stop_sequences")) == ["END"]
    assert "stream" not in body or body["stream"] is False


async def test_sends_no_temperature_unless_one_is_wanted(bench: Bench) -> None:
    await bench.ask()
    assert bench.wire.requests[0].body.get("temperature") is None


async def test_calls_tools(bench: Bench) -> None:
    bench.wire.script(Reply(words=(), finish="tool_calls", tool=("Weather", '{"city": "Paris"}')))
    chat = bench.chat().bind_tools([Weather], tool_choice="any", parallel_tool_calls=False)
    message = await chat.ainvoke(QUESTION)
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("Weather", {"city": "Paris"})]
    assert message.response_metadata["finish_reason"] == "tool_calls"
    assert bench.wire.requests[0].body["tool_choice"] in (
        "required",
        {"type": "any", "disable_parallel_tool_use": True},
    )


async def test_streams_calls_of_tools(bench: Bench) -> None:
    bench.wire.script(Reply(words=("Let me see.",), finish="tool_calls", tool=("Weather", '{"city": "Paris"}')))
    chunks = [chunk async for chunk in bench.chat().bind_tools([Weather]).astream(QUESTION)]
    merged = chunks[0] + chunks[1:]
    assert isinstance(merged, AIMessageChunk)
    assert merged.text == "Let me see."
    assert [(call["name"], call["args"]) for call in merged.tool_calls] == [("Weather", {"city": "Paris"})]
    assert merged.invalid_tool_calls == []


@pytest.mark.parametrize(
    ("choice", "openai", "anthropic"),
    [
        ("auto", "auto", {"type": "auto"}),
        ("none", "none", {"type": "none"}),
        ("required", "required", {"type": "any"}),
        (True, "required", {"type": "any"}),
        ("Weather", {"type": "function", "function": {"name": "Weather"}}, {"type": "tool", "name": "Weather"}),
        (
            {"type": "function", "function": {"name": "Weather"}},
            {"type": "function", "function": {"name": "Weather"}},
            {"type": "tool", "name": "Weather"},
        ),
        (False, None, None),
    ],
)
async def test_chooses_tools_alike_for_all_providers(
    bench: Bench, choice: object, openai: object, anthropic: object
) -> None:
    bench.wire.script(Reply())
    await bench.chat().bind_tools([Weather], tool_choice=choice).ainvoke(QUESTION)  # type: ignore[arg-type]
    expected = openai if bench.model.startswith("openai") else anthropic
    assert bench.wire.requests[0].body.get("tool_choice") == expected


async def test_gives_results_of_tools_back_to_the_model(bench: Bench) -> None:
    bench.wire.script(Reply(words=(), finish="tool_calls", tool=("Weather", '{"city": "Paris"}')), Reply())
    chat = bench.chat().bind_tools([Weather])
    first = await chat.ainvoke(QUESTION)
    result = ToolMessage("sunny", tool_call_id=first.tool_calls[0]["id"])
    answer = await chat.ainvoke([*QUESTION, first, result])
    assert answer.text == "Paris is it."
    assert "sunny" in str(bench.wire.requests[1].body["messages"])


async def test_gives_structured_output(bench: Bench) -> None:
    bench.wire.script(Reply(words=(), finish="tool_calls", tool=("Weather", '{"city": "Paris"}')))
    assert await bench.chat().with_structured_output(Weather).ainvoke(QUESTION) == Weather(city="Paris")


async def test_estimates_and_flags_tokens_that_the_provider_does_not_tell(bench: Bench) -> None:
    bench.wire.script(Reply(usage=None))
    for message in (await bench.ask(), (await bench.stream())[-1]):
        report = report_of(message)
        assert report is not None
        tokens = report["tokens"]
        assert isinstance(tokens, dict)
        assert tokens["estimated"] is True
        assert tokens["input"] > 5
        assert tokens["output"] == 3


async def test_threads_without_a_loop_may_ask_too(bench: Bench) -> None:
    await bench.ask()  # the gateway lives on this loop now
    message = await asyncio.to_thread(bench.chat().invoke, QUESTION)
    assert message.text == "Paris is it."
    chunks = await asyncio.to_thread(lambda: list(bench.chat().stream(QUESTION)))
    assert text_of(chunks) == "Paris is it."
    assert report_of(chunks[-1]) is not None


async def test_a_thread_that_stops_listening_closes_the_stream(bench: Bench) -> None:
    await bench.ask()
    bench.wire.script(Reply(words=("a",) * 100, pause=0.02))

    def listen_briefly() -> None:
        stream = bench.chat().stream(QUESTION)
        next(stream)
        stream.close()  # type: ignore[attr-defined]  # it is a generator

    await asyncio.to_thread(listen_briefly)
    await asyncio.sleep(0.1)
    assert len(bench.wire.abandoned) == 1
    assert bench.ledger.entries[-1].outcome == "cancelled"


async def test_an_option_that_not_all_providers_know_is_refused(bench: Bench) -> None:
    with pytest.raises(TypeError, match="logprobs"):
        await bench.chat().ainvoke(QUESTION, logprobs=True)
    assert bench.wire.requests == []
