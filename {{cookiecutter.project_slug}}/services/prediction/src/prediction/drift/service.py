"""One drift check: read the window, count it against the reference, judge."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Row, Select, select

from prediction.drift.judge import Compared, judge
from prediction.drift.reference import LABEL, Reference
from prediction.drift.references import ReferenceSource
from prediction.drift.report import DriftReport, DriftStatus
from prediction.drift.settings import MonitoringSettings
from prediction.drift.tally import tally_for
from prediction.predictionlog.models import Prediction
from prediction.predictionlog.window import Window, count_rows, stream_pages
from servicekit.database import Database

_decode_rows = msgspec.json.Decoder(list[dict[str, float | int | str | bool | None]]).decode


class DriftCheck:
    """The running counts of one window."""

    def __init__(self, reference: Reference) -> None:
        self.rows = 0
        self._features = {name: tally_for(profile) for name, profile in reference.features.items()}
        self._outputs = {name: tally_for(profile) for name, profile in reference.outputs.items()}

    def add(self, page: Sequence[Row[str, str | None, float]]) -> None:
        """Count a page of (features, label, score)."""
        self.rows += len(page)
        rows = _decode_rows(f"[{','.join(row.features for row in page)}]")
        for name, tally in self._features.items():
            tally.add([row.get(name) for row in rows])
        for name, tally in self._outputs.items():
            tally.add([row.label if name == LABEL else row.score for row in page])

    def compared(self) -> list[Compared]:
        """Return every column with its comparison."""
        return [
            *(Compared(name, "feature", tally.profile, tally.compare()) for name, tally in self._features.items()),
            *(Compared(name, "output", tally.profile, tally.compare()) for name, tally in self._outputs.items()),
        ]


class DriftService:
    """Checks versions for drift."""

    def __init__(self, database: Database, references: ReferenceSource, settings: MonitoringSettings) -> None:
        self._database = database
        self._references = references
        self._settings = settings

    async def check(self, tenant: str, model: str, version: str, *, now: datetime, hours: float) -> DriftReport:
        """Compare the last hours' predictions of a version with its training data.

        Raises what `ReferenceSource.reference` raises.
        """
        window = Window(tenant, model, version, now - timedelta(hours=hours), now)
        rows = await count_rows(self._database, window)
        report = DriftReport(
            model=model,
            version=version,
            status=DriftStatus.NOT_ENOUGH_DATA,
            created_at=now,
            window_start=window.start,
            window_end=window.end,
            rows=rows,
            minimum_rows=self._settings.minimum_rows,
        )
        if rows < self._settings.minimum_rows:
            return report
        return await self._measure(window, report)

    async def _measure(self, window: Window, report: DriftReport) -> DriftReport:
        reference = await asyncio.to_thread(self._references.reference, window.tenant, window.model, window.version)
        check = DriftCheck(reference)
        async for page in stream_pages(self._database, _newest(window, self._settings.maximum_rows)):
            await asyncio.to_thread(check.add, page)
        verdicts = await asyncio.to_thread(lambda: judge(check.compared(), self._settings))
        drifted = any(column.drifted for column in verdicts)
        return report.model_copy(
            update={
                "status": DriftStatus.DRIFT if drifted else DriftStatus.STABLE,
                "rows": check.rows,
                "truncated": check.rows < report.rows,
                "columns": verdicts,
            }
        )


def _newest(window: Window, limit: int) -> Select[str, str | None, float]:
    columns = select(Prediction.features, Prediction.label, Prediction.score)
    return columns.where(*window.condition()).order_by(Prediction.at.desc()).limit(limit)
