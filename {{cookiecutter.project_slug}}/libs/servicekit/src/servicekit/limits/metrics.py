"""What Prometheus is told about rate limits."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class LimiterMetrics:
    """Refusals, and whether the shared counter answers."""

    def __init__(self, registry: CollectorRegistry, policy: str) -> None:
        self._refused = Counter("rate_limit_refused_total", "Calls over the limit", ["limit"], registry=registry)
        self._failures = Counter(
            "rate_limit_storage_failures_total",
            "Failed calls to the shared counter, by the policy that was followed",
            ["policy"],
            registry=registry,
        ).labels(policy)
        self._up = Gauge("rate_limit_storage_up", "Whether the shared counter answers", registry=registry)
        self._up.set(1)

    def refused(self, limit: str) -> None:
        """Count a refusal."""
        self._refused.labels(limit).inc()

    def failed(self) -> None:
        """Count a failed call to the storage."""
        self._failures.inc()

    def up(self, works: bool) -> None:
        """Note whether the storage answers."""
        self._up.set(works)
