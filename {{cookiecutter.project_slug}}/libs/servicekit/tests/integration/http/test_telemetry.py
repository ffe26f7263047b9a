"""What leaves the process: spans to a collector, errors to a tracker, and never a secret."""

import json
import time
from collections.abc import Callable

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KEY = "dev-canary-key-in-header"
TRACE, PARENT = "a1" * 16, "b2" * 8
CANARIES = (
    "canary-key-in-header", "canary-in-environment", "canary-in-body", "canary-in-query", "canary-password",
    "pk_ab_canary0", "canary-local", "canary-in-cookie", "canary-in-dsn",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(start, sink):
    return start(
        AUTH__DEVELOPMENT_KEY=KEY,
        SOME_PASSWORD="canary-in-environment",
        TELEMETRY__OTLP_ENDPOINT=f"http://127.0.0.1:{sink.port}",
        TELEMETRY__SAMPLE_RATIO="0",
        TELEMETRY__SENTRY_DSN=f"http://canary-in-dsn@127.0.0.1:{sink.port}/1",
    )


@pytest.fixture(scope="module")
def traffic(server, sink) -> dict[str, object]:
    """Make requests with secrets everywhere, let one fail, and stop the process."""
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Cookie": "session=canary-in-cookie",
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "X-Request-ID": "the-failing-one",
    }
    query = {"token": "canary-in-query"}
    body = {"name": "canary-in-body"}
    boom = server.client.post("/boom", headers=headers, params=query, json=body)
    wrong = server.client.post("/things", headers=headers, params=query, json={"nome": "canary-in-body"})
    denied = server.client.get("/things/1", headers=headers | {"Authorization": "Bearer canary-in-body"})
    unsampled = server.client.get("/headers")
    continued = server.client.get("/headers", headers={"traceparent": headers["traceparent"]})
    metrics = server.client.get("/metrics").text
    assert server.stop() == 0
    return {
        "boom": boom, "wrong": wrong, "denied": denied, "unsampled": unsampled, "continued": continued,
        "metrics": metrics,
    }  # fmt: skip


def envelopes(sink) -> list[dict[str, object]]:
    """The events that arrived at the tracker."""
    bodies = [body for path, body in sink.posts if path == "/api/1/envelope/"]
    return [json.loads(line) for body in bodies for line in body.splitlines() if b'"exception"' in line]


def wait_for(condition: Callable[[], object]) -> None:
    for _ in range(100):
        if condition():
            return
        time.sleep(0.05)


def test_a_defect_is_reported_with_its_request_and_without_anything_a_client_sent(traffic, sink) -> None:
    wait_for(lambda: envelopes(sink))
    (event,) = envelopes(sink)

    assert event["exception"]["values"][0]["type"] == "RuntimeError"
    assert event["exception"]["values"][0]["value"] == "cannot reach postgresql://[redacted]@db with [redacted] 27"
    assert event["tags"] == {"request_id": "the-failing-one", "trace_id": TRACE}
    assert (event["environment"], event["release"]) == ("development", "sample@1.2.3")
    assert not {"request", "user", "breadcrumbs", "extra", "modules", "server_name"} & set(event)


def test_spans_of_sampled_requests_reach_the_collector(traffic, sink) -> None:
    bodies = [body for path, body in sink.posts if path == "/v1/traces"]
    spans = []
    for body in bodies:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            attributes = {item.key: item.value.string_value for item in resource.resource.attributes}
            assert (attributes["service.name"], attributes["service.version"]) == ("sample", "1.2.3")
            spans += [span for scope in resource.scope_spans for span in scope.spans]

    by_name = {span.name: span for span in spans}
    assert set(by_name) == {"POST /boom", "POST /things", "GET /things/{thing_id}", "GET /headers"}
    boom = by_name["POST /boom"]
    assert (boom.trace_id.hex(), boom.parent_span_id.hex()) == (TRACE, PARENT)
    assert boom.status.code == boom.status.STATUS_CODE_ERROR
    assert len([span for span in spans if span.name == "GET /headers"]) == 1  # the other one was not sampled


def test_outgoing_calls_carry_the_trace_on(traffic) -> None:
    sampled = traffic["continued"].json()["traceparent"].split("-")
    unsampled = traffic["unsampled"].json()["traceparent"].split("-")

    assert (sampled[1], sampled[3]) == (TRACE, "01")
    assert sampled[2] != PARENT
    assert (unsampled[1] != TRACE, unsampled[3]) == (True, "00")


def test_log_lines_name_request_and_trace(traffic, server) -> None:
    lines = [json.loads(line) for line in server.output.splitlines()]
    (failure,) = [line for line in lines if line["event"] == "request.failed"]

    assert (failure["request_id"], failure["trace_id"], failure["tenant"]) == ("the-failing-one", TRACE, "development")
    assert "RuntimeError" in failure["exception"]
    assert all(line["trace_id"] for line in lines if line["event"] == "request")


def test_no_secret_is_in_logs_metrics_answers_reports_or_spans(traffic, server, sink) -> None:
    places = {
        "logs": server.output,
        "metrics": traffic["metrics"],
        "answers": traffic["boom"].text + traffic["wrong"].text + traffic["denied"].text,
        "reports and spans": " ".join(body.decode("latin-1") for _, body in sink.posts),
    }
    assert [traffic[name].status_code for name in ("boom", "wrong", "denied")] == [500, 422, 401]
    for place, text in places.items():
        assert len(text) > 100
        found = [canary for canary in CANARIES if canary in text]
        if place == "reports and spans":
            found = [canary for canary in found if canary != "canary-in-dsn"]  # the public key is how events get in
        assert found == [], place
