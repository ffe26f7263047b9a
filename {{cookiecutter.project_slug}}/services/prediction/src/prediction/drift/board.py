"""The newest reports of all models as gauges, read from the database by every process that is scraped.

Checks run in workers, which nobody scrapes; so each API process reads what they found. All replicas show the same.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from prediction.drift.models import MonitoringReport
from prediction.drift.report import DriftReport, DriftStatus
from prediction.drift.repository import ReportRepository
from prediction.feedback.report import QualityReport, QualityStatus
from servicekit.database import Database, utc_now

MOST_MODELS = 200  # that are shown; the ones checked last come first
MOST_COLUMNS = 20  # of a model that are shown; the ones that moved most
FORGET_AFTER = timedelta(days=7)

_MODEL = ["tenant", "model", "version"]
_log = structlog.get_logger(__name__)


class Source(Protocol):
    """Where reports come from."""

    async def newest(self) -> tuple[Sequence[MonitoringReport], Sequence[MonitoringReport]]:
        """Return each model's newest drift and quality report."""
        ...


class SqlSource:
    """Reads reports from the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> tuple[Sequence[MonitoringReport], Sequence[MonitoringReport]]:
        """Return what was found in the last days."""
        since = utc_now() - FORGET_AFTER
        async with self._database.reading() as session:
            reports = ReportRepository(session)
            drift = await reports.newest_of_all("drift", since=since, limit=MOST_MODELS)
            return drift, await reports.newest_of_all("quality", since=since, limit=MOST_MODELS)


class MonitoringBoard(Collector):
    """Shows what the checks found."""

    def __init__(self, source: Source, *, seconds: float) -> None:
        self._source = source
        self._seconds = seconds
        self._drift: list[tuple[str, DriftReport]] = []
        self._quality: list[tuple[str, QualityReport]] = []

    def register(self, registry: CollectorRegistry) -> None:
        """Make the gauges part of /metrics."""
        registry.register(self)

    async def refresh(self) -> None:
        """Read the newest reports."""
        drift, quality = await self._source.newest()
        self._drift = [(row.tenant, DriftReport.model_validate(row.document)) for row in drift]
        self._quality = [(row.tenant, QualityReport.model_validate(row.document)) for row in quality]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the gauges fresh until the block ends."""
        task = asyncio.create_task(self._follow(), name="monitoring-board")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        while True:
            try:
                await self.refresh()
            except Exception as error:  # the database may be away in any way; the last reports stay on the board
                _log.warning("monitoring_board_not_refreshed", error=str(error))
            await asyncio.sleep(self._seconds)

    def collect(self) -> Iterator[Metric]:
        """Return the gauges of the newest reports."""
        yield from self._collect_drift()
        yield from self._collect_quality()

    def _collect_drift(self) -> Iterator[Metric]:
        detected = _gauge("drift_detected", "1 when the newest check found drift.", _MODEL)
        columns = _gauge("drift_columns", "Features and outputs that have drifted.", _MODEL)
        rows = _gauge("drift_rows", "Predictions that the newest check looked at.", _MODEL)
        checked = _gauge("drift_checked_timestamp_seconds", "When the model was last checked.", _MODEL)
        psi = _gauge("drift_psi", "Population stability index of the columns that moved most.", [*_MODEL, "column"])
        for tenant, report in self._drift:
            labels = [tenant, report.model, report.version]
            detected.add_metric(labels, report.status is DriftStatus.DRIFT)
            columns.add_metric(labels, len(report.drifted))
            rows.add_metric(labels, report.rows)
            checked.add_metric(labels, report.created_at.timestamp())
            for column in sorted(report.columns, key=lambda each: -(each.psi or 0.0))[:MOST_COLUMNS]:
                if column.psi is not None:
                    psi.add_metric([*labels, column.name], column.psi)
        yield from (detected, columns, rows, checked, psi)

    def _collect_quality(self) -> Iterator[Metric]:
        breach = _gauge("quality_breach", "1 when answers are certainly worse than on the test set.", _MODEL)
        labelled = _gauge("online_labels", "Labelled predictions in the window.", _MODEL)
        metric = _gauge("online_metric", "Quality of labelled predictions.", [*_MODEL, "metric"])
        test = _gauge("test_metric", "Quality on the held-out test set of the training.", [*_MODEL, "metric"])
        for tenant, report in self._quality:
            labels = [tenant, report.model, report.version]
            breach.add_metric(labels, report.status is QualityStatus.BREACH)
            labelled.add_metric(labels, report.labelled)
            for name, estimate in report.metrics.items():
                metric.add_metric([*labels, name], estimate.value)
            for finding in report.findings:
                test.add_metric([*labels, finding.metric], finding.test)
        yield from (breach, labelled, metric, test)


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"prediction_{name}", text, labels=labels)
