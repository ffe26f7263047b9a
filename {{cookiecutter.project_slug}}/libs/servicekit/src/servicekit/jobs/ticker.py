"""What makes time pass for jobs: schedules, delayed jobs, and the sweep that repairs what was lost.

Any number of tickers may run at once: each step is one conditional UPDATE or INSERT. There is one in each beat process,
or in the API's process when the worker is embedded.
"""

import hashlib
import time
from datetime import UTC, datetime, timedelta

import structlog

from servicekit.database import Database, utc_now
from servicekit.idempotency import repository as idempotency
from servicekit.jobs import repository
from servicekit.jobs.catalog import JobKinds, Schedule
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.models import Job, JobState
from servicekit.jobs.outcomes import Ending, Outcome, again_or_dead, apply_ending, timed_out, worker_lost
from servicekit.jobs.publisher import BrokerUnavailable
from servicekit.jobs.service import JobService
from servicekit.settings import JobSettings

ACTOR = "scheduler"
_log = structlog.get_logger(__name__)


class Ticker:
    """Looks after the jobs of one service."""

    def __init__(
        self,
        jobs: JobService,
        database: Database,
        kinds: JobKinds,
        settings: JobSettings,
        metrics: JobMetrics,
    ) -> None:
        self._jobs = jobs
        self._database = database
        self._kinds = kinds
        self._settings = settings
        self._metrics = metrics
        self._slots: dict[str, int] = {}
        self._next_sweep = 0.0

    async def tick(self) -> None:
        """Do what is due now."""
        for schedule in self._kinds.schedules:
            await self._start_slot(schedule)
        await self._publish_due()
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + self._settings.sweep_seconds
            await self.sweep()

    async def sweep(self) -> None:
        """Repair: take jobs from silent workers, publish lost messages again, forget what is old, count the backlog."""
        await self._end_expired()
        await self._publish_due()
        for queue in self._kinds.queues:
            await self._publish_lost(queue)
        await self._forget()
        async with self._database.reading() as session:
            backlog = await repository.backlog(session, utc_now())
        self._metrics.show_backlog(self._kinds.queues, backlog)

    async def _start_slot(self, schedule: Schedule) -> None:
        """Make the job of the present slot; nothing when it was made before, or while an older one still waits."""
        slot = int(utc_now().timestamp() // schedule.every.total_seconds())
        name = schedule_name(schedule)
        if self._slots.get(name) == slot:
            return
        moment = datetime.fromtimestamp(slot * schedule.every.total_seconds(), UTC)
        async with self._database.session() as session:
            if not await repository.waiting(session, schedule.tenant, schedule.kind, f"{name}:"):
                await self._jobs.enqueue(
                    session,
                    schedule.kind,
                    schedule.params,
                    tenant=schedule.tenant,
                    actor=ACTOR,
                    key=f"{name}:{moment.isoformat()}",
                )
        self._slots[name] = slot

    async def _publish_due(self) -> None:
        async with self._database.session() as session:
            due = await repository.take_due(session, utc_now())
        if due:
            await self._jobs.publish(due)

    async def _publish_lost(self, queue: str) -> None:
        """Publish again when the broker holds fewer messages than there are jobs that wait for it."""
        try:
            held = await self._jobs.depth(queue)
        except BrokerUnavailable as error:
            _log.warning("broker_unavailable", reason=str(error))
            return
        now = utc_now()
        async with self._database.session() as session:
            settled = now - timedelta(seconds=self._settings.sweep_seconds)
            lost = await repository.take_lost(session, queue, held=held, published_before=settled, now=now)
        if lost:
            _log.warning("messages_lost", queue=queue, jobs=len(lost))
            await self._jobs.publish(lost)

    async def _end_expired(self) -> None:
        async with self._database.reading() as session:
            expired = await repository.expired(session, utc_now())
        for job in expired:
            await self._end_attempt(job)

    async def _end_attempt(self, job: Job) -> None:
        """Give a silent worker's job to another one, or end it; nothing when the worker was only slow and is back."""
        overdue = job.started_at is not None and utc_now() - job.started_at > timedelta(seconds=job.timeout_seconds)
        failure = timed_out(job) if overdue else worker_lost(job)
        if job.cancel_requested:
            ending = Ending("cancelled", JobState.CANCELLED)
        else:
            ending = again_or_dead(job, failure, timedelta(0))
        async with self._database.session() as session:
            ended = await apply_ending(session, job.id, str(job.lease_owner), ending, expired=True)
        if ended:
            seconds = (utc_now() - job.started_at).total_seconds() if job.started_at else 0.0
            self._metrics.count(Outcome(job.kind, ending.name, seconds))
            _log.warning("job_taken_back", job_id=str(job.id), kind=job.kind, reason=failure.code, outcome=ending.name)

    async def _forget(self) -> None:
        now = utc_now()
        async with self._database.session() as session:
            await repository.purge(session, now - timedelta(days=self._settings.retention_days))
            await idempotency.purge(session, now)


def schedule_name(schedule: Schedule) -> str:
    """Tell schedules apart, in one process after the other: by all that they say."""
    facts = f"{schedule.kind} {schedule.tenant} {schedule.every.total_seconds():g} {schedule.params.model_dump_json()}"
    return f"schedule-{hashlib.sha256(facts.encode()).hexdigest()[:8]}"
