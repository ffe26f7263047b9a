"""The background jobs of this service and what they may use.

Each part registers its jobs here (`prediction/<part>/tasks.py`); `prediction.jobs` imports those modules.
"""

from dataclasses import dataclass

from prediction.registry.ports import ModelRegistry
from prediction.registry.service import ReleaseService
from prediction.settings import PredictionSettings
from servicekit.database import Database
from servicekit.jobs import JobCatalog, JobService
from servicekit.storage import ObjectStorage


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What a job may use; built once for each worker process by `prediction.bootstrap.worker_resources`."""

    settings: PredictionSettings
    database: Database
    storage: ObjectStorage
    registry: ModelRegistry
    releases: ReleaseService
    jobs: JobService


catalog: JobCatalog[WorkerResources] = JobCatalog("prediction")
