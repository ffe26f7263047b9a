"""How good predictions were, judged by labels: figures with 95 % confidence intervals."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy import stats

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

Z = 1.959964  # two-sided 95 % of a normal distribution
SMALLEST_PROBABILITY = 1e-7  # keeps the log loss of a sure and wrong answer finite; the release gate uses the same
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mae"})


class Estimate(BaseModel):
    """A figure and the interval that holds its true value with 95 % confidence."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float


def classification_quality(probabilities: Floats, truth: Positions) -> dict[str, Estimate]:
    """Return accuracy, log loss, Brier score and, when at least two classes occur, the area under the ROC curve.

    Args:
        probabilities: [rows, classes], rows at least 1.
        truth: the position of each row's true class.
    """
    rows = np.arange(len(truth))
    given = np.clip(probabilities[rows, truth], SMALLEST_PROBABILITY, 1.0)
    errors = np.square(probabilities).sum(axis=1) - 2 * probabilities[rows, truth] + 1
    if probabilities.shape[1] == 2:
        errors = errors / 2  # the usual definition for two classes: only the positive one's probability counts
    figures = {
        "accuracy": _share(int((probabilities.argmax(axis=1) == truth).sum()), len(truth)),
        "log_loss": _mean(-np.log(given)),
        "brier": _mean(errors),
    }
    area = _area_under_curve(probabilities, truth)
    return figures | ({"roc_auc": area} if area else {})


def regression_quality(values: Floats, truth: Floats) -> dict[str, Estimate]:
    """Return root mean square error and mean absolute error of at least one row."""
    square = _mean(np.square(values - truth))
    roots = {name: float(np.sqrt(max(0.0, number))) for name, number in square.model_dump().items()}
    return {"rmse": Estimate(**roots), "mae": _mean(np.abs(values - truth))}


def worse_than(estimate: Estimate, name: str, baseline: float, tolerance: float) -> bool:
    """Tell whether a figure is certainly worse than a baseline by more than a share of it.

    The interval's better end is what counts, so few labels do not raise an alarm.
    """
    if name in LOWER_IS_BETTER:
        return estimate.low > baseline * (1 + tolerance)
    return estimate.high < baseline * (1 - tolerance)


def rounded(figures: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return the figures with six decimals, for people."""
    return {
        name: Estimate(**{part: round(number, 6) for part, number in figure.model_dump().items()})
        for name, figure in figures.items()
    }


def _share(hits: int, rows: int) -> Estimate:
    """Return a share with Wilson's interval, which is right for few rows and shares near 0 or 1."""
    share = hits / rows
    middle = (share + Z * Z / (2 * rows)) / (1 + Z * Z / rows)
    half = Z * float(np.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows))) / (1 + Z * Z / rows)
    return Estimate(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def _mean(values: Floats) -> Estimate:
    mean = float(values.mean())
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float(abs(mean))
    return Estimate(value=mean, low=mean - Z * error, high=mean + Z * error)


def _area_under_curve(probabilities: Floats, truth: Positions) -> Estimate | None:
    """Return the area for two classes, or the mean area of each class against the rest.

    The mean's interval takes the classes' errors as fully correlated, which makes it rather too wide than too narrow.
    """
    classes = [1] if probabilities.shape[1] == 2 else list(range(probabilities.shape[1]))
    areas = [
        _one_area(probabilities[:, position], truth == position)
        for position in classes
        if 0 < (truth == position).sum() < len(truth)
    ]
    if not areas:
        return None
    value, error = (float(part) for part in np.mean(areas, axis=0))
    return Estimate(value=value, low=max(0.0, value - Z * error), high=min(1.0, value + Z * error))


def _one_area(scores: Floats, positive: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return area and standard error (DeLong 1988, by ranks as in Sun and Xu 2014)."""
    hits, others = scores[positive], scores[~positive]
    ranks = stats.rankdata(np.concatenate([hits, others]))
    above = (ranks[: len(hits)] - stats.rankdata(hits)) / len(others)
    below = 1 - (ranks[len(hits) :] - stats.rankdata(others)) / len(hits)
    variance = sum(part.var(ddof=1) / len(part) if len(part) > 1 else 0.25 for part in (above, below))
    return float(above.mean()), float(np.sqrt(variance))
