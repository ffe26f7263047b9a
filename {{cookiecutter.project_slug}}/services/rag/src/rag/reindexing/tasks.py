"""The background jobs of the index."""

from datetime import timedelta

from pydantic import BaseModel

from llmkit.errors import ModelError
from rag.catalog import WorkerResources, catalog
from rag.indexing.ports import IndexUnavailable
from rag.indexing.settings import IndexSettings
from rag.reindexing.service import Reindexing
from servicekit.jobs import Backoff, JobCatalog, JobContext, RetryLater

REBUILD = "index.rebuild"
SWEEP = "index.sweep"
PATIENCE = Backoff(first=timedelta(seconds=10), longest=timedelta(minutes=10))


class RebuildParams(BaseModel):
    """Embed everything anew, with the embeddings of the worker's settings."""


class RebuildResult(BaseModel):
    """What was built."""

    collection: str
    revisions: int


class SweepParams(BaseModel):
    """One comparison of the store with the database."""


class SweepResult(BaseModel):
    """What was repaired."""

    written: int
    removed: int


@catalog.job(REBUILD, attempts=10, timeout=timedelta(hours=12), backoff=PATIENCE)
async def rebuild_index(context: JobContext[WorkerResources], _params: RebuildParams) -> RebuildResult:
    """Fill a new collection and let it take over."""

    def progress(done: int, total: int) -> None:
        context.progress(done / total, f"{done} of {total} documents")

    try:
        collection, revisions = await Reindexing(context.resources).rebuild(progress)
    except IndexUnavailable as error:
        raise RetryLater("index_unavailable", "The store of vectors does not answer.") from error
    except ModelError as error:
        raise RetryLater(error.code, error.detail) from error
    return RebuildResult(collection=collection.name, revisions=revisions)


@catalog.job(SWEEP, attempts=1, timeout=timedelta(hours=12))
async def sweep_index(context: JobContext[WorkerResources], _params: SweepParams) -> SweepResult:
    """Repair what differs; what cannot be done now is left to the next sweep."""
    try:
        repaired = await Reindexing(context.resources).sweep()
    except IndexUnavailable as error:
        raise RetryLater("index_unavailable", "The store of vectors does not answer.") from error
    return SweepResult(written=repaired.written, removed=repaired.removed)


def add_schedules(jobs: JobCatalog[WorkerResources], settings: IndexSettings) -> None:
    """Sweep as often as the settings say."""
    jobs.schedule(SWEEP, every=timedelta(minutes=settings.sweep_minutes), params=SweepParams())
