"""The log's figures. They are plain numbers read at scrape time, so that counting costs the hot path nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(slots=True)
class LogCounts:
    """What happened in this process since it started."""

    appended: int = 0  # records
    written: int = 0  # rows handed to the database
    refused: int = 0  # records not taken because the log was full
    dropped: int = 0  # records lost because the log was full
    errors: int = 0  # attempts to store that failed
    quarantined: int = 0  # lines set aside because the database can never take them
    torn: int = 0  # half lines of processes that died while they wrote


_HELP = {
    "appended": "Records taken into the prediction log.",
    "written": "Rows handed to the predictions table.",
    "refused": "Records refused because the log was full.",
    "dropped": "Records lost because the log was full.",
    "errors": "Failed attempts to store rows.",
    "quarantined": "Lines set aside because the database cannot take them.",
    "torn": "Half-written lines found in the spool of dead processes.",
}


class LogCollector(Collector):
    """Gives the log's figures to Prometheus."""

    def __init__(self, counts: LogCounts, queued: Callable[[], int], lag: Callable[[], float], capacity: int) -> None:
        self._counts = counts
        self._queued = queued
        self._lag = lag
        self._capacity = capacity

    def register(self, registry: CollectorRegistry) -> None:
        """Make the figures part of /metrics."""
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Return the figures of this moment."""
        yield _gauge("queued_bytes", "Bytes in the spool that the database does not have yet.", self._queued())
        yield _gauge("capacity_bytes", "Bytes that the spool may hold.", self._capacity)
        yield _gauge("lag_seconds", "Age of the oldest record that the database does not have yet.", self._lag())
        for name, text in _HELP.items():
            yield CounterMetricFamily(f"prediction_log_{name}", text, value=getattr(self._counts, name))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"prediction_log_{name}", text, value=value)
