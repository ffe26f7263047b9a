"""All jobs of the service. Importing this module fills the catalog."""

import prediction.retraining.tasks as monitoring
import prediction.scoring.tasks
import prediction.training.tasks  # noqa: F401 - these register their jobs
from prediction.catalog import WorkerResources, catalog
from prediction.settings import PredictionSettings
from servicekit.jobs import JobCatalog

__all__ = ["catalog", "catalog_for"]


def catalog_for(settings: PredictionSettings) -> JobCatalog[WorkerResources]:
    """Add the schedules that the settings ask for and return the catalog; called once, when a process starts."""
    monitoring.add_schedules(catalog, settings.monitoring)
    return catalog
