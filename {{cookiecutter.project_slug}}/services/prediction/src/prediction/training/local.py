"""A training in this process, without a running service: the job's own code on the embedded parts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prediction.bootstrap import worker_resources
from prediction.catalog import WorkerResources
from prediction.cli import MIGRATIONS
from prediction.settings import PredictionSettings
from prediction.training.options import TrainingOptions
from prediction.training.pipeline import Order, train_and_release
from prediction.training.schemas import TrainingResult
from servicekit.auth.authenticator import DEVELOPMENT
from servicekit.database import database_url, uuid7
from servicekit.database.migrations import upgrade
from servicekit.jobs import JobContext

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class _ShownContext(JobContext[WorkerResources]):
    """The context of a job that nobody else follows: progress is shown at once."""

    show: Progress = lambda _fraction, _message: None

    def progress(self, fraction: float, message: str | None = None) -> None:
        """Show how far the work is."""
        self.show(fraction, message or "")


async def train_here(
    settings: PredictionSettings, model: str, path: Path, target: str, options: TrainingOptions, progress: Progress
) -> TrainingResult:
    """Train for the development tenant. Raises `JobRefused` and `RetryLater`."""
    await upgrade(database_url(settings), [MIGRATIONS])
    async with worker_resources(settings) as resources:
        context = _ShownContext(
            resources=resources,
            job_id=uuid7(),
            tenant=DEVELOPMENT.tenant,
            actor="command line",
            attempt=1,
            loop=asyncio.get_running_loop(),
            show=progress,
        )
        order = Order(model, path, path.name, target, options, {})
        return await asyncio.to_thread(train_and_release, context, order)
