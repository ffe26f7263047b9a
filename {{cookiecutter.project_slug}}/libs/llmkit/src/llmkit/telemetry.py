"""What is told of calls: metrics and spans. OpenTelemetry's names for generative AI stand here and nowhere else.

https://opentelemetry.io/docs/specs/semconv/gen-ai/ still calls them "in development", so they may change. Metrics have
the names that its Prometheus exporter would give them. Prompts and answers are written only if the settings say so.
"""

import json
from collections.abc import Sequence

from langchain_core.messages import BaseMessage
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from llmkit.call import Call, CallReport, ModelRef, TokenUsage

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
PROMPT_NAME = "gen_ai.prompt.name"
ERROR_TYPE = "error.type"
PROMPT_VERSION = "llmkit.prompt.version"
PURPOSE = "llmkit.purpose"
CACHE = "llmkit.cache"
ATTEMPTS = "llmkit.attempts"
COST = "llmkit.cost_usd"

_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
_OF_CALL = ("purpose", "gen_ai_provider_name", "gen_ai_request_model")
_roles = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}


class LlmMetrics:
    """What Prometheus is told about calls to language models."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "llm_calls_total", "Calls, by outcome: ok, cached or an error", ["purpose", "model", "outcome"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "gen_ai_client_operation_duration_seconds", "Whole calls, all attempts included", _OF_CALL,
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._first = Histogram(
            "gen_ai_client_operation_time_to_first_chunk_seconds", "From the call to its first token", _OF_CALL,
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._usage = Histogram(
            "gen_ai_client_token_usage", "Tokens of one request", (*_OF_CALL, "gen_ai_token_type"),
            buckets=_TOKENS, registry=registry,
        )  # fmt: skip
        self._retries = Counter("llm_retries_total", "Attempts after the first", ["model", "reason"], registry=registry)
        self._fallbacks = Counter(
            "llm_fallbacks_total", "Calls handed to the next model", ["model", "reason"], registry=registry
        )
        self._circuits = Gauge("llm_circuit_open", "Whether a model is left alone", ["model"], registry=registry)
        self._in_work = Gauge("llm_requests_in_progress", "Requests at a provider", ["model"], registry=registry)

    def called(self, purpose: str, model: ModelRef, outcome: str, seconds: float, first: float | None) -> None:
        """Count a call that has ended."""
        self._calls.labels(purpose, str(model), outcome).inc()
        self._seconds.labels(purpose, model.provider, model.name).observe(seconds)
        if first is not None:
            self._first.labels(purpose, model.provider, model.name).observe(first)

    def used(self, purpose: str, model: ModelRef, usage: TokenUsage) -> None:
        """Count the tokens of a request; what they cost is counted where it is booked."""
        labels = (purpose, model.provider, model.name)
        self._usage.labels(*labels, "input").observe(usage.input)
        self._usage.labels(*labels, "output").observe(usage.output)

    def retried(self, model: ModelRef, reason: str) -> None:
        """Count another attempt."""
        self._retries.labels(str(model), reason).inc()

    def fell_back(self, model: ModelRef, reason: str) -> None:
        """Count a call that leaves a model."""
        self._fallbacks.labels(str(model), reason).inc()

    def circuit(self, model: ModelRef, is_open: bool) -> None:
        """Note the state of a circuit."""
        self._circuits.labels(str(model)).set(is_open)

    def in_work(self, model: ModelRef, change: int) -> None:
        """Note that a request begins or ends."""
        self._in_work.labels(str(model)).inc(change)


class CallSpan:
    """The span of one call, over all attempts."""

    def __init__(self, call: Call, model: ModelRef, max_tokens: int, *, capture: bool) -> None:
        self._capture = capture
        self._span: Span = trace.get_tracer("llmkit").start_span(
            f"chat {model.name}",
            kind=SpanKind.CLIENT,
            attributes={
                OPERATION: "chat",
                PROVIDER: model.provider,
                REQUEST_MODEL: model.name,
                REQUEST_MAX_TOKENS: max_tokens,
                PURPOSE: call.purpose,
            },
        )
        if call.temperature is not None:
            self._span.set_attribute(REQUEST_TEMPERATURE, call.temperature)
        if call.prompt is not None:
            self._span.set_attributes({PROMPT_NAME: call.prompt.name, PROMPT_VERSION: call.prompt.version})

    def event(self, name: str, model: ModelRef, reason: str) -> None:
        """Note a retry or a fallback."""
        self._span.add_event(name, {REQUEST_MODEL: str(model), ERROR_TYPE: reason})

    def asked(self, messages: Sequence[BaseMessage]) -> None:
        """Write the prompt down, if that is wanted."""
        if self._capture and self._span.is_recording():
            self._span.set_attribute(INPUT_MESSAGES, _content([(m.type, str(m.text)) for m in messages]))

    def answered(self, report: CallReport, finish: str, response_model: str | None, text: str) -> None:
        """Note the answer."""
        if not self._span.is_recording():
            return
        usage = report.usage
        self._span.set_attributes(
            {
                PROVIDER: report.model.provider,
                RESPONSE_MODEL: response_model or report.model.name,
                FINISH_REASONS: (finish,),
                INPUT_TOKENS: usage.input,
                OUTPUT_TOKENS: usage.output,
                CACHED_TOKENS: usage.cached_input,
                ATTEMPTS: report.attempts,
                COST: float(report.cost_usd),
                CACHE: report.cache or "miss",
            }
        )
        if self._capture:
            self._span.set_attribute(OUTPUT_MESSAGES, _content([("ai", text)]))

    def end(self, outcome: str) -> None:
        """End the span; an outcome other than `ok` and `cached` is its error."""
        if outcome not in ("ok", "cached"):
            self._span.set_attribute(ERROR_TYPE, outcome)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def _content(messages: Sequence[tuple[str, str]]) -> str:
    from llmkit.guardrails.pii import redact  # needed by those who capture content only

    return json.dumps(
        [
            {"role": _roles.get(kind, kind), "parts": [{"type": "text", "content": redact(text).text}]}
            for kind, text in messages
        ],
        ensure_ascii=False,
    )
