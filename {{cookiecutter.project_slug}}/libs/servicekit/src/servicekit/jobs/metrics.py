"""Numbers about jobs, for Prometheus."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from servicekit.database import utc_now
from servicekit.jobs.outcomes import Outcome

BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600)


class JobMetrics:
    """The metrics of one process that runs jobs or looks after them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter("jobs", "Attempts that have ended", ["kind", "outcome"], registry=registry)
        self._duration = Histogram(
            "job_duration_seconds", "Time of one attempt", ["kind"], buckets=BUCKETS, registry=registry
        )
        self._depth = Gauge("jobs_queue_depth", "Jobs that wait and are due", ["queue"], registry=registry)
        self._age = Gauge(
            "jobs_queue_oldest_age_seconds", "How long the oldest of them has waited", ["queue"], registry=registry
        )

    def count(self, outcome: Outcome) -> None:
        """Count an attempt."""
        self._ended.labels(outcome.kind, outcome.name).inc()
        self._duration.labels(outcome.kind).observe(outcome.seconds)

    def show_backlog(self, queues: Sequence[str], backlog: Sequence[tuple[str, int, datetime]]) -> None:
        """Set the gauges of all queues, from (queue, jobs, since when the oldest waits)."""
        now = utc_now()
        known = {queue: (count, oldest) for queue, count, oldest in backlog}
        for queue in queues:
            count, oldest = known.get(queue, (0, now))
            self._depth.labels(queue).set(count)
            self._age.labels(queue).set(max(0.0, (now - oldest).total_seconds()))
