"""Traces with OpenTelemetry: off unless an endpoint is set.

The edge opens the server span. Work that leaves the process carries the trace on: `inject(headers)` on the way out,
`continued(headers, name)` where it arrives (a Celery task, for instance).
"""

import random
import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, Span, SpanKind, TraceFlags, TraceState
from opentelemetry.util.types import Attributes

from servicekit.context import RequestContext, current_request
from servicekit.settings import TelemetrySettings

SCOPE = "servicekit"
_INVALID = frozenset({"0" * 32, "0" * 16})
_FIELDS = ("traceparent", "tracestate")
_PARENT = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})").fullmatch
"""The caller's place in its trace, in the form of https://www.w3.org/TR/trace-context/."""


def configure_tracing(settings: TelemetrySettings, *, service: str, version: str, environment: str) -> None:
    """Start exporting spans if there is somewhere to send them."""
    if not settings.otlp_endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # costs a tenth of the start

    resource = Resource.create(
        {"service.name": service, "service.version": version, "deployment.environment.name": environment}
    )
    provider = TracerProvider(resource=resource, sampler=sampler(settings.sample_ratio))
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def flush_tracing(seconds: float = 2) -> None:
    """Send what is left."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(int(seconds * 1000))


def inject(carrier: MutableMapping[str, str]) -> None:
    """Write the current trace into the headers of an outgoing request or message (`traceparent`)."""
    propagate.inject(carrier)
    request = current_request()
    if "traceparent" not in carrier and request is not None and request.trace_id:
        carrier["traceparent"] = f"00-{request.trace_id}-{request.span_id}-{request.trace_flags}"


@contextmanager
def continued(carrier: Mapping[str, str], name: str, kind: SpanKind = SpanKind.CONSUMER) -> Iterator[Span]:
    """Open a span that continues the trace of the headers that a message came with."""
    context = propagate.extract(carrier)
    with trace.get_tracer(SCOPE).start_as_current_span(name, context=context, kind=kind) as span:
        yield span


class _RootSampler(Sampler):
    """Draws the lot for new traces.

    Requests are left out: the edge has drawn before it opens a span, so a server span is wanted, and what has no
    parent inside a request belongs to one that was not chosen.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio = TraceIdRatioBased(ratio)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        decision: Sampler = self._ratio
        if kind is SpanKind.SERVER:
            decision = ALWAYS_ON
        elif current_request() is not None:
            decision = ALWAYS_OFF
        return decision.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return f"EdgeSampled{{{self._ratio.get_description()}}}"


def sampler(ratio: float) -> Sampler:
    """Follow the caller's decision; of new traces take this share."""
    return ParentBased(root=_RootSampler(ratio))


class ServerSpans:
    """Opens and closes the spans of requests.

    OpenTelemetry spends some 20 µs on a request even if nobody will see its span, so the lot is drawn before: a request
    that is not chosen only gets ids, to be logged and passed on.
    """

    def __init__(self, tracer: trace.Tracer | None, ratio: float) -> None:
        self._tracer = tracer
        self._ratio = ratio

    def open(self, method: str, path: str, request: RequestContext) -> Span | None:
        """Give the request its place in a trace; return a span if it is chosen."""
        parent = _PARENT(request.headers.get(b"traceparent", b"").decode("latin-1"))
        if parent is not None and not _INVALID.intersection(parent.groups()):
            request.trace_id, request.span_id, request.trace_flags = parent.groups()
            chosen = int(request.trace_flags, 16) & TraceFlags.SAMPLED
        else:
            parent = None
            chosen = random.random() < self._ratio  # noqa: S311 - a lot, not a secret
        if self._tracer is None:
            return None  # a caller's trace is passed on as it came
        if chosen:
            return self._start(self._tracer, method, path, request)
        request.trace_flags = "00"
        request.span_id = f"{random.getrandbits(64) or 1:016x}"
        if parent is None:
            request.trace_id = f"{random.getrandbits(128) or 1:032x}"
        return None

    def close(self, span: Span, method: str, route: str, status: int, error: BaseException | None) -> None:
        """End the span with what became of the request."""
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(trace.StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__name__ if error else str(status))
        span.end()

    def _start(self, tracer: trace.Tracer, method: str, path: str, request: RequestContext) -> Span:
        headers = {
            name: request.headers[name.encode()].decode("latin-1")
            for name in _FIELDS
            if name.encode() in request.headers
        }
        parent = propagate.extract(headers, Context())
        attributes = {"http.request.method": method, "url.path": path}
        span = tracer.start_span(method, context=parent, kind=SpanKind.SERVER, attributes=attributes)
        identity = span.get_span_context()
        request.trace_id, request.span_id = f"{identity.trace_id:032x}", f"{identity.span_id:016x}"
        return span
