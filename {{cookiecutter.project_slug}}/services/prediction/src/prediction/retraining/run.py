"""The retraining job: labelled predictions become a data set, a version, and perhaps the next champion.

It may run more than once, when its worker is killed. The data set is kept once per content, the version is found again
by the job's id, and the release goes on from where it was.
"""

import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from prediction.catalog import WorkerResources, catalog
from prediction.datasets.service import DatasetService
from prediction.retraining.blueprint import Blueprint, read_blueprint
from prediction.retraining.labelled import export_labelled
from prediction.retraining.models import Retraining
from prediction.retraining.repository import RetrainingRepository
from prediction.retraining.schemas import RetrainingParams
from prediction.retraining.starter import ACTOR, JOB
from prediction.training.pipeline import Order, train_and_release
from prediction.training.schemas import TrainingResult
from servicekit.auth.principal import Principal
from servicekit.jobs import JobContext, JobRefused

_CHUNK_BYTES = 1024 * 1024


@catalog.job(JOB, attempts=3, timeout=timedelta(hours=4), queue="training")
def run_retraining(context: JobContext[WorkerResources], params: RetrainingParams) -> TrainingResult:
    """Train a model anew on its labelled predictions, and let the gate decide."""
    retraining = context.run(_find(context))
    registry = context.resources.registry
    blueprint = read_blueprint(registry, context.tenant, params.model, retraining.version)
    with tempfile.TemporaryDirectory(prefix="labelled-") as folder:
        path = Path(folder) / f"{params.model}-labelled.parquet"
        try:
            rows = context.run(_export(context, params.model, blueprint, path))
            order = _order(retraining, blueprint, path, context.run(_keep(context, path)))
            result = train_and_release(context, order)
        except JobRefused as refusal:
            context.run(_note(context, outcome=f"{refusal.code}: {refusal.detail}", promoted=False))
            raise
    context.run(_note(context, outcome=result.decision, promoted=result.champion, rows=rows, challenger=result.version))
    return result


def _order(retraining: Retraining, blueprint: Blueprint, path: Path, dataset: str) -> Order:
    return Order(
        model=retraining.model,
        path=path,
        source=path.name,
        target=blueprint.schema.target,
        options=blueprint.next_options(),
        tags={"dataset": dataset, "retraining": f"{retraining.trigger}: {retraining.reason}"[:500]},
    )


async def _export(context: JobContext[WorkerResources], model: str, blueprint: Blueprint, path: Path) -> int:
    settings = context.resources.settings.monitoring
    database = context.resources.database
    limit = settings.retraining_maximum_rows
    rows = await export_labelled(database, context.tenant, model, blueprint.schema, path, limit=limit)
    if rows < settings.retraining_minimum_rows:
        detail = f"There are {rows} labelled predictions; {settings.retraining_minimum_rows} are needed."
        raise JobRefused("not_enough_labels", detail, "Send labels with POST /v1/feedback.")
    return rows


async def _keep(context: JobContext[WorkerResources], path: Path) -> str:
    """Keep the rows as a data set of the tenant, and return its id."""
    caller = Principal(tenant=context.tenant, subject=ACTOR, scopes=frozenset())
    resources = context.resources
    async with resources.database.session() as session:
        datasets = DatasetService(session, resources.storage, resources.settings.training)
        added = await datasets.add(caller, path.name, _chunks(path))
    return str(added.dataset.id)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


async def _find(context: JobContext[WorkerResources]) -> Retraining:
    async with context.resources.database.reading() as session:
        found = await RetrainingRepository(session).get(context.job_id)
    if found is None:
        raise JobRefused("unknown_retraining", f"There is no retraining {context.job_id}.")
    return found


async def _note(
    context: JobContext[WorkerResources],
    *,
    outcome: str,
    promoted: bool,
    rows: int | None = None,
    challenger: str | None = None,
) -> None:
    """Write down what came of the retraining."""
    async with context.resources.database.session() as session:
        entry = await RetrainingRepository(session).get(context.job_id)
        if entry is not None:
            entry.outcome, entry.promoted, entry.rows, entry.challenger = outcome, promoted, rows, challenger
