import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from servicekit.context import RequestContext, enter_request, leave_request
from servicekit.telemetry.tracing import ServerSpans, continued, inject, sampler

TRACE, PARENT = "a" * 32, "b" * 16
SAMPLED = {b"traceparent": f"00-{TRACE}-{PARENT}-01".encode(), b"tracestate": b"vendor=1"}
UNSAMPLED = {b"traceparent": f"00-{TRACE}-{PARENT}-00".encode()}


def request(headers: dict[bytes, bytes] | None = None) -> RequestContext:
    return RequestContext("r1", headers or {})


class Tracing:
    def __init__(self, ratio: float) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler(ratio))
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("test")
        self.spans = ServerSpans(self.tracer, ratio)

    @property
    def finished(self):
        return self.exporter.get_finished_spans()


def test_a_server_span_speaks_the_semantic_conventions() -> None:
    tracing = Tracing(1)
    span = tracing.spans.open("GET", "/v1/things/7", request())
    tracing.spans.close(span, "GET", "/v1/things/{id}", 200, None)

    (done,) = tracing.finished
    assert (done.name, done.kind, done.status.status_code) == ("GET /v1/things/{id}", SpanKind.SERVER, StatusCode.UNSET)
    assert dict(done.attributes) == {
        "http.request.method": "GET", "url.path": "/v1/things/7", "http.route": "/v1/things/{id}",
        "http.response.status_code": 200,
    }  # fmt: skip


@pytest.mark.parametrize(("status", "error", "kind"), [(500, ValueError(), "ValueError"), (503, None, "503")])
def test_a_failed_request_is_an_error_span(status: int, error: Exception | None, kind: str) -> None:
    tracing = Tracing(1)
    tracing.spans.close(tracing.spans.open("GET", "/", request()), "GET", "/", status, error)

    (done,) = tracing.finished
    assert (done.status.status_code, done.attributes["error.type"]) == (StatusCode.ERROR, kind)


def test_a_clients_mistake_is_no_error_of_ours() -> None:
    tracing = Tracing(1)
    tracing.spans.close(tracing.spans.open("GET", "/", request()), "GET", "/", 404, None)

    assert tracing.finished[0].status.status_code == StatusCode.UNSET


@pytest.mark.parametrize(("ratio", "headers", "kept"), [(1, UNSAMPLED, 0), (0, SAMPLED, 1), (1, {}, 1), (0, {}, 0)])
def test_the_caller_decides_what_is_sampled_else_the_ratio(ratio: float, headers, kept: int) -> None:
    tracing = Tracing(ratio)
    context = request(headers)
    span = tracing.spans.open("GET", "/", context)
    if span is not None:
        tracing.spans.close(span, "GET", "/", 200, None)

    assert len(tracing.finished) == kept
    assert context.trace_id != "0" * 32
    assert (len(context.trace_id), len(context.span_id)) == (32, 16)
    if headers:
        assert context.trace_id == TRACE
        assert context.span_id != PARENT
    if kept and headers:
        assert tracing.finished[0].parent.span_id == int(PARENT, 16)
        assert tracing.finished[0].context.trace_state["vendor"] == "1"


def test_about_the_ratio_of_new_traces_is_kept() -> None:
    tracing = Tracing(0.2)
    for _ in range(1000):
        span = tracing.spans.open("GET", "/", request())
        if span is not None:
            tracing.spans.close(span, "GET", "/", 200, None)

    assert 120 < len(tracing.finished) < 280


def test_spans_that_are_no_requests_are_drawn_by_the_ratio_too() -> None:
    none, all_of_them = Tracing(0), Tracing(1)
    for tracing in (none, all_of_them):
        tracing.tracer.start_span("job").end()

    assert (len(none.finished), len(all_of_them.finished)) == (0, 1)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"x",
        b"00-" + b"0" * 32 + b"-" + b"b" * 16 + b"-01",
        b"\xff" * 55,
        b"ff-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
    ],
)
def test_a_broken_traceparent_is_ignored(value: bytes) -> None:
    context = request({b"traceparent": value})

    assert ServerSpans(None, 1).open("GET", "/", context) is None
    assert context.trace_id is None


@pytest.mark.parametrize("headers", [SAMPLED, UNSAMPLED])
def test_without_an_endpoint_a_callers_trace_is_passed_on_as_it_came(headers) -> None:
    context = request(headers)
    assert ServerSpans(None, 1).open("GET", "/", context) is None

    assert injected_within(context) == {"traceparent": headers[b"traceparent"].decode()}


def test_a_request_that_was_not_chosen_is_passed_on_as_such_and_has_no_spans_inside() -> None:
    tracing = Tracing(0)
    context = request()
    tracing.spans.open("GET", "/", context)

    assert injected_within(context) == {"traceparent": f"00-{context.trace_id}-{context.span_id}-00"}

    all_jobs = Tracing(1)
    token = enter_request(context)
    all_jobs.tracer.start_span("inside").end()
    leave_request(token)
    assert all_jobs.finished == ()


def test_outside_a_request_nothing_is_passed_on() -> None:
    carrier: dict[str, str] = {}
    inject(carrier)

    assert carrier == {}


def injected_within(context: RequestContext) -> dict[str, str]:
    carrier: dict[str, str] = {}
    token = enter_request(context)
    inject(carrier)
    leave_request(token)
    return carrier


def test_a_message_continues_the_trace_of_its_sender() -> None:
    tracing = Tracing(1)
    carrier: dict[str, str] = {}
    with tracing.tracer.start_as_current_span("request") as request:
        inject(carrier)

    with continued(carrier, "job training.run") as job:
        inject(received := {})

    assert job.get_span_context().trace_id == request.get_span_context().trace_id
    assert received["traceparent"].split("-")[1] == carrier["traceparent"].split("-")[1]
