"""All jobs of the service. Importing this module fills the catalog."""

import rag.documents.tasks
import rag.evaluation.tasks  # noqa: F401 - these register their jobs
import rag.reindexing.tasks as reindexing
from rag.catalog import WorkerResources, catalog
from rag.settings import RagSettings
from servicekit.jobs import JobCatalog

__all__ = ["catalog", "catalog_for"]


def catalog_for(settings: RagSettings) -> JobCatalog[WorkerResources]:
    """Add the schedules that the settings ask for and return the catalog; called once, when a process starts."""
    reindexing.add_schedules(catalog, settings.index)
    return catalog
