"""The whole check of one model: its data, its answers, and what follows from them."""

import asyncio
from dataclasses import dataclass

from prediction.drift.repository import ReportRepository
from prediction.drift.service import DriftService
from prediction.drift.settings import MonitoringSettings
from prediction.feedback.online import OnlineQuality
from prediction.feedback.report import judge_quality
from prediction.registry.ports import Alias, ModelRegistry
from prediction.retraining.breach import find_breach
from prediction.retraining.schemas import CheckResult
from prediction.retraining.starter import RetrainingStarter
from servicekit.database import Database, utc_now


class NoChampionToCheck(Exception):
    """No version of the model answers requests."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """Checks champions."""

    database: Database
    registry: ModelRegistry
    drift: DriftService
    quality: OnlineQuality
    starter: RetrainingStarter
    settings: MonitoringSettings

    async def check(self, tenant: str, model: str, *, hours: float | None = None) -> CheckResult:
        """Check a model's champion, keep the reports, and start a retraining if it has to be.

        Raises `NoChampionToCheck`, and what the registry raises.
        """
        version = (await asyncio.to_thread(self.registry.aliases, tenant, model)).get(Alias.CHAMPION)
        if version is None:
            raise NoChampionToCheck(f"No version of {model} answers requests.")
        entry = await asyncio.to_thread(self.registry.version, tenant, model, version)
        now = utc_now()
        drift = await self.drift.check(tenant, model, version, now=now, hours=hours or self.settings.window_hours)
        online = await self.quality.of_model(tenant, model, now=now, hours=self.settings.quality_hours, version=version)
        quality = judge_quality(online, version, entry.metrics, self.settings)
        async with self.database.session() as session:
            reports = ReportRepository(session)
            reports.add(tenant, "drift", drift, now=now)
            reports.add(tenant, "quality", quality, now=now)
        decision, job_id = await self.starter.consider(tenant, model, version, find_breach(drift, quality), now=now)
        return CheckResult(drift=drift, quality=quality, retraining=decision, retraining_id=job_id)
