"""What Prometheus sees of answers: how they end, how long each stage takes, and what was invented."""

from collections.abc import Mapping
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90)


class Outcome(StrEnum):
    """How a question ends."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    UNSUPPORTED = "unsupported"
    """The model wrote an answer, and it was withheld."""
    FAILED = "failed"


class AnswerMetrics:
    """Counts the answers of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "rag_answers_total",
            "Questions by how they ended; an unsupported answer was written and withheld",
            ["outcome"],
            registry=registry,
        )
        self._removed = Counter(
            "rag_citations_removed_total",
            "Citations of models that no passage bears out, and those of answers that were withheld",
            registry=registry,
        )
        self._seconds = Histogram(
            "rag_stage_seconds", "Seconds of each stage of an answer", ["stage"], buckets=_BOUNDS, registry=registry
        )
        for outcome in Outcome:
            self._answers.labels(outcome)

    def count(self, outcome: Outcome, *, removed: int = 0, timings_ms: Mapping[str, float] | None = None) -> None:
        """Note the end of a question."""
        self._answers.labels(outcome).inc()
        self._removed.inc(removed)
        for stage, milliseconds in (timings_ms or {}).items():
            self._seconds.labels(stage).observe(milliseconds / 1000)
