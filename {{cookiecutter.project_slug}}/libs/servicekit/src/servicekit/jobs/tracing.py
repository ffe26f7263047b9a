"""Carries the trace and the request id from whoever asks for a job to the worker that does it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from servicekit.context import current_request
from servicekit.telemetry.tracing import continued, inject

REQUEST_ID = "request_id"


def capture_trace() -> dict[str, str]:
    """Return the present trace context and request id, as text; a job's own jobs inherit the request id."""
    carrier: dict[str, str] = {}
    inject(carrier)
    request = current_request()
    request_id = request.request_id if request else structlog.contextvars.get_contextvars().get(REQUEST_ID)
    return carrier | ({REQUEST_ID: str(request_id)} if request_id else {})


@contextmanager
def continue_trace(carrier: Mapping[str, str], kind: str, **names: str) -> Iterator[None]:
    """Work under a captured trace: logs carry its request id and these names, the span is a child of the request's."""
    bound = {"kind": kind, **names}
    if REQUEST_ID in carrier:
        bound[REQUEST_ID] = carrier[REQUEST_ID]
    with structlog.contextvars.bound_contextvars(**bound), continued(carrier, f"job {kind}") as span:
        span.set_attributes({f"job.{name}": value for name, value in names.items()})
        yield
