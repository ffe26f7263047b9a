"""What Prometheus is told about HTTP requests."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)

from servicekit.telemetry.writer import LineWriter

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


def make_registry(service: str, version: str, writer: LineWriter) -> CollectorRegistry:
    """Make a registry that tells about the process, what runs in it, and lost log lines."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    Info("service", "What runs here", registry=registry).info({"name": service, "version": version})
    dropped = Gauge(
        "log_lines_dropped", "Log lines lost since the start to a slow reader of the output", registry=registry
    )
    dropped.set_function(lambda: writer.dropped)
    return registry


class HttpMetrics:
    """Counts and times requests by route template.

    `labels()` takes a lock and builds tuples, so the children of each (method, route, status) are looked up once.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "http_requests_total", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time from a request's arrival to the end of its answer",
            ["method", "route"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._in_progress = Gauge("http_requests_in_progress", "Requests in work", registry=registry)
        self._rejected = Counter(
            "http_requests_rejected_total", "Requests that the edge refused", ["reason"], registry=registry
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def watch_in_progress(self, count: Callable[[], float]) -> None:
        """Ask this function for the number of requests in work, when scraped."""
        self._in_progress.set_function(count)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        known = self._known.get((method, route, status)) or self._learn(method, route, status)
        known[0].inc()
        known[1].observe(seconds)

    def rejected(self, reason: str) -> None:
        """Count a refusal by its problem code."""
        self._rejected.labels(reason).inc()

    def _learn(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        label = method if method in METHODS else "OTHER"
        children = (self._requests.labels(label, route, status), self._duration.labels(label, route))
        self._known[(method, route, status)] = children
        return children
