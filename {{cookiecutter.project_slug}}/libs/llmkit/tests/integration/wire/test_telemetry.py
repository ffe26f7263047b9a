"""Calls can be seen in metrics and spans, under OpenTelemetry's names and without content."""

import json

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wire_bench import Bench, MakeBench

from llmkit.call import CacheMode, PromptRef
from llmkit.errors import ModelError
from llmkit.testkit.replies import Reply


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = [span for span in spans.get_finished_spans() if span.name.startswith("chat ")]
    return span


def written(attribute: object) -> list[tuple[str, str]]:
    """The roles and texts of messages in an attribute."""
    return [(message["role"], message["parts"][0]["content"]) for message in json.loads(str(attribute))]


async def test_a_span_tells_of_the_call(bench: Bench, spans: InMemorySpanExporter) -> None:
    await bench.stream(prompt=PromptRef("answer", "3"), temperature=0.5)
    span = only(spans)
    provider, name = bench.model.split(":")
    assert span.name == f"chat {name}"
    assert span.kind is trace.SpanKind.CLIENT
    attributes = dict(span.attributes or {})
    assert (
        attributes.items()
        >= {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": name,
            "gen_ai.request.max_tokens": 4096,
            "gen_ai.request.temperature": 0.5,
            "gen_ai.response.model": "mock-1",
            "gen_ai.response.finish_reasons": ("stop",),
            "gen_ai.usage.input_tokens": 11,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.prompt.name": "answer",
            "llmkit.prompt.version": "3",
            "llmkit.purpose": "test.answer",
            "llmkit.cache": "miss",
            "llmkit.attempts": 1,
        }.items()
    )
    assert "Paris" not in str(attributes)
    assert "capital" not in str(attributes)


async def test_content_is_written_without_personal_data_if_the_settings_say_so(
    make_bench: MakeBench, spans: InMemorySpanExporter
) -> None:
    bench = make_bench(capture_content=True)
    bench.wire.script(Reply(words=("It is", " bob@example.com.")))
    await bench.chat().ainvoke("Not ann@example.org: what is the address of Bob?")
    attributes = only(spans).attributes or {}
    assert written(attributes["gen_ai.input.messages"]) == [("user", "Not [email]: what is the address of Bob?")]
    assert written(attributes["gen_ai.output.messages"]) == [("assistant", "It is [email].")]


async def test_a_span_tells_of_failures_retries_and_fallbacks(
    make_bench: MakeBench, spans: InMemorySpanExporter
) -> None:
    bench = make_bench(fallback=True, attempts=2)
    bench.wire.script(Reply(status=500))
    await bench.ask()
    span = only(spans)
    assert [event.name for event in span.events] == ["retry", "fallback"]
    assert (span.attributes or {})["gen_ai.provider.name"] == "offline"
    assert span.status.is_unset
    spans.clear()
    bench.wire.script(Reply(status=400))
    with pytest.raises(ModelError):
        await bench.ask()
    span = only(spans)
    assert (span.attributes or {})["error.type"] == "model_refused"
    assert span.status.status_code is trace.StatusCode.ERROR


async def test_an_answer_from_the_cache_is_told_apart(bench: Bench, spans: InMemorySpanExporter) -> None:
    await bench.ask(cache=CacheMode.EXACT)
    spans.clear()
    await bench.ask(cache=CacheMode.EXACT)
    assert (only(spans).attributes or {})["llmkit.cache"] == "exact"


async def test_metrics_count_calls_tokens_and_time(bench: Bench) -> None:
    await bench.stream()
    provider, name = bench.model.split(":")
    labels = {"purpose": "test.answer", "gen_ai_provider_name": provider, "gen_ai_request_model": name}
    assert bench.metric("llm_calls_total", purpose="test.answer", model=bench.model, outcome="ok") == 1
    assert bench.metric("gen_ai_client_operation_duration_seconds_count", **labels) == 1
    assert bench.metric("gen_ai_client_operation_time_to_first_chunk_seconds_count", **labels) == 1
    assert bench.metric("gen_ai_client_token_usage_sum", **labels, gen_ai_token_type="input") == 11
    assert bench.metric("gen_ai_client_token_usage_sum", **labels, gen_ai_token_type="output") == 7
