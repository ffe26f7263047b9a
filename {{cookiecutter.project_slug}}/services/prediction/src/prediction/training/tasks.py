"""The training job."""

import tempfile
from datetime import timedelta
from pathlib import Path

from prediction.catalog import WorkerResources, catalog
from prediction.datasets.errors import DatasetNotFound
from prediction.datasets.models import Dataset
from prediction.datasets.repository import DatasetRepository
from prediction.datasets.service import storage_key
from prediction.training.pipeline import Order, train_and_release
from prediction.training.schemas import TrainingParams, TrainingResult
from servicekit.jobs import JobContext, JobRefused
from servicekit.storage import ObjectNotFound

KIND = "training.run"


@catalog.job(KIND, attempts=3, timeout=timedelta(hours=2), queue="training")
def run_training_job(context: JobContext[WorkerResources], params: TrainingParams) -> TrainingResult:
    """Train a model on a data set of the tenant."""
    with tempfile.TemporaryDirectory(prefix="dataset-") as folder:
        path = Path(folder) / "data"
        try:
            dataset = context.run(_find(context, params))
            context.run(context.resources.storage.download(storage_key(dataset.id), path))
        except (DatasetNotFound, ObjectNotFound) as error:
            raise JobRefused(
                "dataset_deleted", f"The data set {params.dataset} was deleted.", "Upload it again."
            ) from error
        tags = {"dataset": str(dataset.id), "dataset_sha256": dataset.sha256}
        order = Order(params.model, path, dataset.name, params.target, params.options, tags)
        return train_and_release(context, order)


async def _find(context: JobContext[WorkerResources], params: TrainingParams) -> Dataset:
    async with context.resources.database.reading() as session:
        return await DatasetRepository(session).get(context.tenant, params.dataset)
