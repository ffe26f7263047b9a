"""What Prometheus is told about the answer cache."""

from typing import Literal

from prometheus_client import CollectorRegistry, Counter


class CacheMetrics:
    """Look-ups and what they found, by call site."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lookups = Counter(
            "llm_cache_lookups_total",
            "Look-ups: exact or semantic hits, misses, and guarded ones, which the embedder alone would have made hits",
            ["purpose", "result"],
            registry=registry,
        )
        self._stored = Counter("llm_cache_stored_total", "Answers kept", ["purpose"], registry=registry)
        self._failures = Counter(
            "llm_cache_failures_total",
            "Look-ups and answers that the database failed",
            ["operation"],
            registry=registry,
        )

    def looked_up(self, purpose: str, result: Literal["exact", "semantic", "miss", "guarded"]) -> None:
        """Count a look-up."""
        self._lookups.labels(purpose, result).inc()

    def stored(self, purpose: str) -> None:
        """Count an answer that is kept."""
        self._stored.labels(purpose).inc()

    def failed(self, operation: Literal["find", "store"]) -> None:
        """Count a failure."""
        self._failures.labels(operation).inc()
