"""The background jobs of monitoring; the retraining itself is in `run`."""

import asyncio
from datetime import timedelta

import structlog
from pydantic import BaseModel

from prediction.catalog import WorkerResources, catalog
from prediction.drift.references import BundleReferences
from prediction.drift.service import DriftService
from prediction.drift.settings import MonitoringSettings
from prediction.feedback.online import OnlineQuality
from prediction.registry.errors import ModelNotFound
from prediction.retraining import run  # noqa: F401 - registers its job
from prediction.retraining.checkup import Checkup, NoChampionToCheck
from prediction.retraining.retention import RetentionResult, delete_expired
from prediction.retraining.schemas import (
    CheckParams,
    CheckResult,
    Decision,
    SweepParams,
    SweepResult,
)
from prediction.retraining.starter import RetrainingStarter
from servicekit.database import utc_now
from servicekit.jobs import JobCatalog, JobContext, JobRefused

CHECK, SWEEP, RETENTION = "monitoring.check", "monitoring.sweep", "monitoring.retention"
_log = structlog.get_logger(__name__)


class RetentionParams(BaseModel):
    """One deletion of what is too old."""


@catalog.job(CHECK, attempts=3, timeout=timedelta(minutes=30))
async def check_model(context: JobContext[WorkerResources], params: CheckParams) -> CheckResult:
    """Check one model now."""
    try:
        return await checkup(context.resources).check(context.tenant, params.model, hours=params.hours)
    except NoChampionToCheck as error:
        raise JobRefused("no_champion", str(error), "Promote a version first.") from error
    except ModelNotFound as error:
        raise JobRefused(error.code, error.detail) from error


@catalog.job(SWEEP, attempts=1, timeout=timedelta(hours=2))
async def check_all_models(context: JobContext[WorkerResources], _: SweepParams) -> SweepResult:
    """Check every model that has a champion; one that fails does not keep the others from it."""
    resources = context.resources
    whole = checkup(resources)
    result = SweepResult(checked=0, drifted=0, retrainings=0, failed=[])
    models = await asyncio.to_thread(resources.registry.models)
    for position, (tenant, model) in enumerate(models):
        context.progress(position / len(models), f"{tenant}/{model}")
        try:
            found = await whole.check(tenant, model)
        except NoChampionToCheck:
            continue
        except Exception as error:  # whatever is wrong with one model, the others are checked
            _log.exception("check_failed", tenant=tenant, model=model)
            result.failed.append(f"{tenant}/{model}: {error}")
            continue
        result.checked += 1
        result.drifted += bool(found.drift.drifted)
        result.retrainings += found.retraining is Decision.STARTED
    return result


@catalog.job(RETENTION, attempts=1, timeout=timedelta(hours=1))
async def delete_old_rows(context: JobContext[WorkerResources], _: RetentionParams) -> RetentionResult:
    """Delete predictions, labels and reports that are too old."""
    resources = context.resources
    days = resources.settings.monitoring.retention_days
    return await delete_expired(resources.database, now=utc_now(), days=days)


def add_schedules(jobs: JobCatalog[WorkerResources], settings: MonitoringSettings) -> None:
    """Make the checks and the deletion happen by themselves, as often as the settings say."""
    jobs.schedule(SWEEP, every=timedelta(minutes=settings.check_minutes), params=SweepParams())
    jobs.schedule(RETENTION, every=timedelta(hours=1), params=RetentionParams())


def checkup(resources: WorkerResources) -> Checkup:
    """Put the check together from a worker's resources."""
    settings = resources.settings.monitoring
    return Checkup(
        database=resources.database,
        registry=resources.registry,
        drift=DriftService(resources.database, BundleReferences(resources.registry), settings),
        quality=OnlineQuality(resources.database),
        starter=RetrainingStarter(resources.database, resources.jobs, settings),
        settings=settings,
    )
