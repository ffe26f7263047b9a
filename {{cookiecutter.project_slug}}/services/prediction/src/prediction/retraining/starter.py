"""Deciding on a retraining: at most one per model and cooldown, whoever asks and however often."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from prediction.drift.settings import MonitoringSettings
from prediction.retraining.breach import Breach
from prediction.retraining.models import Retraining
from prediction.retraining.repository import RetrainingRepository
from prediction.retraining.schemas import Decision, RetrainingParams
from servicekit.database import Database
from servicekit.jobs import Job

JOB = "retraining.run"
ACTOR = "monitoring"


class JobQueue(Protocol):
    """What is needed of `servicekit.jobs.JobService`."""

    async def enqueue(
        self, session: AsyncSession, kind: str, params: BaseModel, *, tenant: str, actor: str, key: str | None = None
    ) -> Job:
        """Make a job when the session is committed; the same key gives the same job."""
        ...


@dataclass(frozen=True, slots=True)
class RetrainingStarter:
    """Starts retrainings."""

    database: Database
    jobs: JobQueue
    settings: MonitoringSettings

    async def consider(
        self, tenant: str, model: str, version: str, breach: Breach | None, *, now: datetime
    ) -> tuple[Decision, UUID | None]:
        """Start a retraining if the breach, the settings and the labels call for one."""
        if breach is None:
            return Decision.NO_BREACH, None
        if not self.settings.retraining:
            return Decision.OFF, None
        async with self.database.session() as session:
            return await self._start(
                session,
                Retraining(
                    tenant=tenant,
                    model=model,
                    version=version,
                    trigger=breach.trigger,
                    reason=breach.reason,
                    created_at=now,
                ),
            )

    async def _start(self, session: AsyncSession, retraining: Retraining) -> tuple[Decision, UUID | None]:
        repository = RetrainingRepository(session)
        tenant, model = retraining.tenant, retraining.model
        last = next(iter(await repository.newest(tenant, model)), None)
        cooldown = timedelta(hours=self.settings.retraining_cooldown_hours)
        if last is not None and retraining.created_at - last.created_at < cooldown:
            return Decision.COOLING_DOWN, None
        if not await repository.has_labelled_rows(tenant, model, self.settings.retraining_minimum_rows):
            return Decision.NOT_ENOUGH_LABELS, None
        key = f"{model}:{last.id if last else 'first'}"  # two checks at once ask for the same job
        job = await self.jobs.enqueue(session, JOB, RetrainingParams(model=model), tenant=tenant, actor=ACTOR, key=key)
        if await repository.get(job.id) is None:
            retraining.id = job.id
            repository.add(retraining)
        return Decision.STARTED, job.id
