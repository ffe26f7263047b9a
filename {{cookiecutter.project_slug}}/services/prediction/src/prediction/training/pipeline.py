"""From a file to a released version: train, register, hand over to the release. Used by the training jobs."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prediction.artifacts import bundle
from prediction.catalog import WorkerResources
from prediction.datasets.errors import DatasetRefused
from prediction.datasets.reading import ReadLimits
from prediction.registry.errors import RegistryUnavailable
from prediction.registry.ports import ModelVersion, TrainedModel
from prediction.registry.service import BEATS_BASELINE
from prediction.training.card import ModelCard
from prediction.training.errors import ParityFailed
from prediction.training.options import TrainingOptions
from prediction.training.schemas import TrainingResult
from prediction.training.settings import TrainingSettings
from servicekit.jobs import JobContext, JobRefused, RetryLater

if TYPE_CHECKING:
    from prediction.training.run import Outcome

REGISTRY_DELAY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to train. `path` is a file on this machine, `source` its name as the caller knows it."""

    model: str
    path: Path
    source: str
    target: str
    options: TrainingOptions
    tags: Mapping[str, str]


def train_and_release(context: JobContext[WorkerResources], order: Order) -> TrainingResult:
    """Train a model, register it as a version, and release it if it may be.

    A job that runs again, because its worker died, finds the version that it has registered and goes on from there.
    Raises `JobRefused` when the data cannot be trained on, and `RetryLater` when the registry is away.
    """
    try:
        version = context.resources.registry.version_of_job(context.tenant, order.model, str(context.job_id))
        with tempfile.TemporaryDirectory(prefix="training-") as name:
            folder = Path(name)
            if version is None:
                outcome = _train(context, order, folder)
                context.progress(0.95, "registering the version")
                version = _register(context, order, outcome)
            card = _card_of(context, version, folder)
        context.progress(0.98, "deciding about the release")
        decision = context.run(
            context.resources.releases.consider(version, actor=context.actor, promote=order.options.promote)
        )
        state = context.run(context.resources.releases.board.state(context.tenant, order.model))
    except RegistryUnavailable as error:
        raise RetryLater(error.code, error.detail, REGISTRY_DELAY) from error
    champion = state.champion is not None and state.champion.version == version.version
    return _result(card, version, decision, champion=champion)


def read_limits(settings: TrainingSettings, options: TrainingOptions) -> ReadLimits:
    """Return how much of a table is read: what the options ask for, within the settings."""
    return ReadLimits(
        max_rows=min(settings.max_rows, options.max_rows or settings.max_rows),
        max_columns=settings.max_columns,
        seed=options.seed,
    )


def _train(context: JobContext[WorkerResources], order: Order, folder: Path) -> "Outcome":
    # Here, because the API imports this module to make jobs of it, and never needs the libraries that train.
    from prediction.training.run import Training, run_training

    settings = context.resources.settings.training
    training = Training(
        path=order.path,
        source=order.source,
        target=order.target,
        options=order.options,
        limits=read_limits(settings, order.options),
        threads=settings.threads,
    )
    try:
        return run_training(training, folder, context.progress)
    except DatasetRefused as refusal:
        raise JobRefused(refusal.code, refusal.detail, refusal.hint) from refusal
    except ParityFailed as failure:
        raise JobRefused(
            "parity_failed", f"The version was not registered: {failure}.", "Try another estimator."
        ) from failure


def _register(context: JobContext[WorkerResources], order: Order, outcome: "Outcome") -> ModelVersion:
    card = outcome.card
    options = order.options.model_dump(mode="json")
    trained = TrainedModel(
        job_id=str(context.job_id),
        bundle=outcome.bundle,
        bundle_sha256=outcome.bundle_sha256,
        evaluation=outcome.evaluation,
        plots=outcome.plots,
        metrics={name: metric.value for name, metric in card.metrics.items()},
        params={"estimator": card.training.model, **{name: str(value) for name, value in options.items()}},
        tags={
            **order.tags,
            BEATS_BASELINE: "true" if card.beats_baseline else "false",
            "estimator": card.training.model,
            "source": card.data.source,
            "target": card.target,
            "task": card.task.value,
        },
    )
    return context.resources.registry.register(context.tenant, order.model, trained)


def _card_of(context: JobContext[WorkerResources], version: ModelVersion, folder: Path) -> ModelCard:
    """Return the card of a registered version: the truth, should another attempt have registered it."""
    files = context.resources.registry.download(version, folder / "registered")
    return ModelCard.model_validate_json((files / bundle.CARD_JSON).read_bytes())


def _result(card: ModelCard, version: ModelVersion, decision: str, *, champion: bool) -> TrainingResult:
    return TrainingResult(
        model=version.model,
        version=version.version,
        champion=champion,
        decision=decision,
        task=card.task,
        estimator=card.training.model,
        training_rows=card.data.training_rows,
        held_out_rows=card.data.held_out_rows,
        metrics=card.metrics,
        baseline=card.baseline,
        dropped=card.data.dropped,
        notes=card.data.notes,
    )
