"""One training, from a file to a sealed bundle. Knows nothing of jobs, tenants or registries."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_limits

from prediction.artifacts import bundle
from prediction.artifacts.columns import take
from prediction.artifacts.export import export_onnx, export_skops, largest_difference
from prediction.artifacts.heldout import HeldOut, save_held_out
from prediction.artifacts.schema import Task
from prediction.artifacts.scorer import Scorer
from prediction.datasets.profile import DatasetProfile
from prediction.datasets.reading import ReadLimits
from prediction.datasets.table import load_table
from prediction.drift.reference import build_reference
from prediction.registry.gate import Comparison, compare_losses
from prediction.training.calibration import Calibration, calibrated, judge
from prediction.training.candidates import candidates
from prediction.training.card import DataSection, ModelCard, TrainingSection, limits_of, render_markdown
from prediction.training.errors import ParityFailed, TrainingRefused
from prediction.training.insight import importances, row_losses, worst_slices
from prediction.training.metrics import best_threshold, evaluate
from prediction.training.options import ClassWeight, EstimatorName, TrainingOptions
from prediction.training.plots import draw_plots
from prediction.training.preparation import Prepared, prepare
from prediction.training.scoring import Numbers, is_imbalanced, normalised
from prediction.training.search import Progress, SearchResult, search
from prediction.training.split import Rows, hold_out

SMALL_CELLS = 100_000  # rows x columns


@dataclass(frozen=True, slots=True)
class Training:
    """What to train."""

    path: Path
    source: str  # the file's name, as the caller knows it
    target: str
    options: TrainingOptions
    limits: ReadLimits
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training made: folders ready to be registered."""

    bundle: Path
    bundle_sha256: str
    evaluation: Path
    plots: Path
    card: ModelCard


@dataclass(frozen=True, slots=True)
class _Data:
    prepared: Prepared
    profile: DatasetProfile
    train: Rows
    test: Rows


@dataclass(frozen=True, slots=True)
class _Fitted:
    model: BaseEstimator
    found: SearchResult
    calibration: Calibration | None


def run_training(training: Training, folder: Path, progress: Progress) -> Outcome:
    """Read, compare, fit, check and describe; write everything below `folder`.

    Raises `TrainingRefused` (or another `DatasetRefused`) and `ParityFailed`. `progress` gets a fraction and a message
    and may raise to stop the training.
    """
    started = time.monotonic()
    data = _read(training, progress)
    # Native threads (OpenMP, BLAS) wait for each other busily: on processors that others use, too, two of them can take
    # a hundred times as long as one. Forests use plain threads, which is worth it on more than a little data.
    threads = training.threads if data.prepared.matrix.size > SMALL_CELLS else 1
    with threadpool_limits(1):
        fitted = _fit(training.options, data, threads, progress)
    progress(0.75, "exporting the model and checking that it answers the same")
    paths = _folders(folder)
    (paths.bundle / bundle.SCHEMA).write_text(data.prepared.schema.model_dump_json(indent=2), encoding="utf-8")
    parity = _export(fitted.model, data, paths.bundle)
    progress(0.85, f"measuring on {len(data.test)} held-out rows")
    scorer = Scorer(paths.bundle)
    card = _describe(training, data, fitted, scorer, parity, paths, time.monotonic() - started)
    (paths.bundle / bundle.CARD_JSON).write_text(card.model_dump_json(indent=2), encoding="utf-8")
    (paths.bundle / bundle.CARD_MARKDOWN).write_text(render_markdown(card), encoding="utf-8")
    return Outcome(paths.bundle, bundle.seal(paths.bundle), paths.evaluation, paths.plots, card)


def _read(training: Training, progress: Progress) -> _Data:
    progress(0.02, "reading the data")
    table = load_table(training.path, training.limits)
    progress(0.08, f"preparing {table.profile.rows} rows")
    prepared = prepare(table, training.target, training.options)
    train, test = hold_out(prepared, training.options)
    _require_classes(prepared, train)
    return _Data(prepared, table.profile, train, test)


def _require_classes(prepared: Prepared, train: Rows) -> None:
    counts = (
        np.bincount(prepared.target.values[train], minlength=len(prepared.target.classes))
        if prepared.target.classes
        else np.array([2])
    )
    if counts.min() < 2:
        label = prepared.target.classes[int(counts.argmin())]
        raise TrainingRefused(
            "class_only_in_newest_rows",
            f"The class {label!r} occurs in the newest rows only, which are held out.",
            "Lower test_fraction, or train without an order in time.",
        )


def _fit(options: TrainingOptions, data: _Data, threads: int, progress: Progress) -> _Fitted:
    prepared = data.prepared
    task = prepared.schema.task
    matrix, answers = prepared.matrix[data.train], prepared.target.values[data.train]
    choices = candidates(prepared.schema, len(matrix), options, threads)
    found = search(choices, matrix, answers, task, options, _scaled(progress, 0.10, 0.60))
    calibration = None
    if _may_calibrate(task, found, options):
        calibration = judge(found.unseen_answers, answers[found.unseen_rows], options.seed)
    model = clone(found.winner.pipeline)
    if calibration is not None and calibration.used:
        model = calibrated(model)
    progress(0.60, f"fitting {found.winner.name} on {len(matrix)} rows")
    return _Fitted(model.fit(matrix, answers), found, calibration)


def _may_calibrate(task: Task, found: SearchResult, options: TrainingOptions) -> bool:
    """Logistic regression needs no correction, and weighted classes are meant to shift probabilities."""
    weighted = options.class_weight is not ClassWeight.NONE
    linear = found.winner.family is EstimatorName.LINEAR
    return task is not Task.REGRESSION and options.calibrate and not weighted and not linear


def _export(model: BaseEstimator, data: _Data, folder: Path) -> str:
    loaded = export_skops(model, folder / bundle.SKOPS)
    export_onnx(model, data.prepared.encoder.width, folder / bundle.ONNX)
    largest, tolerance = largest_difference(loaded, folder / bundle.ONNX, data.prepared.matrix[data.test])
    if largest > tolerance:
        raise ParityFailed(largest, tolerance)
    return (
        f"the exported model answers the {len(data.test)} held-out rows like the trained one: largest difference "
        f"{largest:.2g}, tolerance {tolerance:.2g}"
    )


def _describe(
    training: Training, data: _Data, fitted: _Fitted, scorer: Scorer, parity: str, paths: "_Folders", seconds: float
) -> ModelCard:
    prepared, options = data.prepared, training.options
    schema, target = prepared.schema, prepared.target
    held_out = HeldOut(take(prepared.columns, data.test), target.labels[data.test])
    save_held_out(paths.evaluation, held_out)
    matrix, answers = prepared.matrix[data.test], target.values[data.test]
    predicted = scorer.predict(matrix)
    reference = build_reference(schema, take(prepared.columns, data.train), predicted)
    (paths.bundle / bundle.REFERENCE).write_text(reference.model_dump_json(), encoding="utf-8")
    losses = row_losses(schema.task, schema.classes, predicted, held_out.target)
    baseline = _compare_with_baseline(prepared, data, losses)
    weights = importances(scorer, matrix, held_out.target, options.seed)
    shares = predicted.astype(np.float64) if schema.task is Task.REGRESSION else normalised(predicted)
    draw_plots(paths.plots, schema, answers, shares, weights)
    return ModelCard(
        target=schema.target,
        task=schema.task,
        classes=schema.classes,
        created_at=datetime.now(UTC),
        data=_data_section(training, data),
        training=_training_section(options, fitted, seconds),
        metrics=evaluate(schema.task, answers, shares, len(schema.classes), options.seed),
        baseline=f"Against a model that ignores all features: {baseline.sentence}",
        beats_baseline=baseline.wins,
        threshold=_threshold(schema.task, fitted.found, target.values[data.train]),
        importances=tuple(weights),
        slices=tuple(worst_slices(schema.features, held_out, losses)),
        parity=parity,
        limits=limits_of(schema, data.profile, len(data.test), _imbalanced(prepared)),
    )


def _compare_with_baseline(prepared: Prepared, data: _Data, losses: Numbers) -> Comparison:
    schema, answers = prepared.schema, prepared.target.values
    if schema.task is Task.REGRESSION:
        constant = np.full(len(data.test), answers[data.train].mean())
    else:
        frequencies = np.bincount(answers[data.train], minlength=len(schema.classes)) / len(data.train)
        constant = np.tile(frequencies, (len(data.test), 1))
    labels = prepared.target.labels[data.test]
    return compare_losses(schema.task, losses, row_losses(schema.task, schema.classes, constant, labels))


def _threshold(task: Task, found: SearchResult, answers: Numbers) -> float | None:
    return best_threshold(answers[found.unseen_rows], found.unseen_answers) if task is Task.BINARY else None


def _imbalanced(prepared: Prepared) -> bool:
    return prepared.schema.task is Task.BINARY and is_imbalanced(prepared.target.values)


def _data_section(training: Training, data: _Data) -> DataSection:
    prepared = data.prepared
    return DataSection(
        source=training.source,
        profile=data.profile,
        features=tuple(feature.name for feature in prepared.schema.features),
        dropped=dict(prepared.dropped),
        leaking=prepared.leaking,
        notes=prepared.notes,
        training_rows=len(data.train),
        held_out_rows=len(data.test),
        split="the newest rows" if training.options.ordered else "chosen by a hash of their content, in each class",
    )


def _training_section(options: TrainingOptions, fitted: _Fitted, seconds: float) -> TrainingSection:
    found = fitted.found
    return TrainingSection(
        model=found.winner.name,
        score=found.score_name,
        trials=found.trials,
        search_rows=found.rows,
        folds=found.folds,
        calibration=fitted.calibration.sentence if fitted.calibration else None,
        options=options,
        seconds=round(seconds, 1),
        notes=found.notes,
    )


@dataclass(frozen=True, slots=True)
class _Folders:
    bundle: Path
    evaluation: Path
    plots: Path


def _folders(folder: Path) -> _Folders:
    folders = _Folders(folder / "bundle", folder / "evaluation", folder / "plots")
    for path in (folders.bundle, folders.evaluation, folders.plots):
        path.mkdir(parents=True)
    return folders


def _scaled(progress: Progress, low: float, high: float) -> Callable[[float, str], None]:
    return lambda fraction, message: progress(low + (high - low) * fraction, message)
