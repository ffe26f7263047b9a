"""Pictures of the held-out predictions, drawn without a display."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from prediction.artifacts.schema import ModelSchema, Task
from prediction.training.insight import Importance
from prediction.training.scoring import Numbers

MOST_CURVES = 8
MOST_BARS = 20
POINTS = 5_000


def draw_plots(
    folder: Path, schema: ModelSchema, answers: NDArray[np.generic], predicted: Numbers, importances: list[Importance]
) -> None:
    """Write PNG files: confusion matrix, ROC, precision-recall and calibration, or residuals; and importances."""
    if schema.task is Task.REGRESSION:
        rows = np.random.default_rng(0).permutation(len(answers))[:POINTS]
        _predicted_and_actual(folder, schema, answers[rows].astype(np.float64), predicted[rows])
        _residuals(folder, schema, answers[rows].astype(np.float64), predicted[rows])
    else:
        _confusion(folder, schema, answers, predicted)
        _curves(folder, schema, answers, predicted)
    _importances(folder, importances[:MOST_BARS])


def _confusion(folder: Path, schema: ModelSchema, answers: NDArray[np.generic], shares: Numbers) -> None:
    labels = np.arange(len(schema.classes))
    counts = confusion_matrix(answers, shares.argmax(axis=1), labels=labels)
    figure, axes = _figure("Confusion matrix")
    image = axes.imshow(counts, cmap="Blues")
    figure.colorbar(image)
    axes.set(xlabel="predicted", ylabel="actual")
    if len(labels) <= 15:
        axes.set_xticks(labels, [_short(name) for name in schema.classes], rotation=45, ha="right")
        axes.set_yticks(labels, [_short(name) for name in schema.classes])
        for row, column in np.ndindex(*counts.shape):
            colour = "white" if counts[row, column] > counts.max() / 2 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8)
    _save(figure, folder / "confusion_matrix.png")


def _curves(folder: Path, schema: ModelSchema, answers: NDArray[np.generic], shares: Numbers) -> None:
    positions = [1] if schema.task is Task.BINARY else list(range(len(schema.classes)))[:MOST_CURVES]
    positions = [at for at in positions if 0 < np.sum(answers == at) < len(answers)]
    roc, roc_axes = _figure("ROC", xlabel="false positive rate", ylabel="true positive rate")
    precision, precision_axes = _figure("Precision and recall", xlabel="recall", ylabel="precision")
    calibration, calibration_axes = _figure("Calibration", xlabel="given probability", ylabel="observed share")
    for axes in (roc_axes, calibration_axes):
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    for at in positions:
        hits, given, name = answers == at, shares[:, at], _short(schema.classes[at])
        false, true, _ = roc_curve(hits, given)
        roc_axes.plot(false, true, label=name)
        precise, recall, _ = precision_recall_curve(hits, given)
        precision_axes.plot(recall, precise, label=name)
        observed, expected = calibration_curve(hits, given, n_bins=10, strategy="quantile")
        calibration_axes.plot(expected, observed, marker="o", markersize=3, label=name)
    for figure, axes, name in (
        (roc, roc_axes, "roc"),
        (precision, precision_axes, "precision_recall"),
        (calibration, calibration_axes, "calibration"),
    ):
        if positions:
            axes.legend(fontsize=8)
        _save(figure, folder / f"{name}.png")


def _predicted_and_actual(folder: Path, schema: ModelSchema, answers: Numbers, values: Numbers) -> None:
    figure, axes = _figure("Predicted and actual", xlabel=f"actual {_short(schema.target)}", ylabel="predicted")
    axes.scatter(answers, values, s=6, alpha=0.5)
    bounds = [float(answers.min()), float(answers.max())]
    axes.plot(bounds, bounds, color="grey", linestyle=":", linewidth=1)
    _save(figure, folder / "predicted_actual.png")


def _residuals(folder: Path, schema: ModelSchema, answers: Numbers, values: Numbers) -> None:
    figure, axes = _figure("Residuals", xlabel=f"predicted {_short(schema.target)}", ylabel="actual - predicted")
    axes.scatter(values, answers - values, s=6, alpha=0.5)
    axes.axhline(0, color="grey", linestyle=":", linewidth=1)
    _save(figure, folder / "residuals.png")


def _importances(folder: Path, importances: list[Importance]) -> None:
    figure, axes = _figure("Permutation importance", xlabel="growth of the loss when shuffled")
    names = [_short(entry.feature) for entry in reversed(importances)]
    axes.barh(np.arange(len(names)), [entry.loss_increase for entry in reversed(importances)])
    axes.set_yticks(np.arange(len(names)), names, fontsize=8)
    _save(figure, folder / "importance.png")


def _figure(title: str, *, xlabel: str = "", ylabel: str = "") -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png")


def _short(name: str) -> str:
    """Shorten a name, and keep matplotlib from reading dollar signs as formulas."""
    text = name if len(name) <= 24 else name[:23] + "…"
    return text.replace("$", r"\$")
