"""The gate: a challenger must beat the champion, row by row, on rows that neither was trained to fit.

Both models answer the held-out rows of the challenger's training. The losses (log loss, or squared error) are compared
in pairs: the rows are resampled many times, and the challenger wins if its mean loss is lower in at least 97.5 % of the
resamples (a paired bootstrap; Efron and Tibshirani, An Introduction to the Bootstrap, chapter 16). It must also be
lower by half a per cent at least: nearly equal models differ reliably by next to nothing, which is no reason to change.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prediction.artifacts.heldout import HeldOut, load_held_out
from prediction.artifacts.schema import Task
from prediction.artifacts.scorer import Scorer

RESAMPLES = 2_000
WORTH_IT = 0.005  # of the champion's loss
SMALLEST_PROBABILITY = 1e-7
LARGEST_CHUNK = 2_000_000  # cells of the table of resampled rows that are in memory at once
Losses = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a challenger did against what is in place. `low` and `high` bound 95 % of the resampled improvements."""

    rows: int
    loss: str
    challenger_loss: float
    champion_loss: float
    improvement: float
    low: float
    high: float

    @property
    def wins(self) -> bool:
        """Whether the challenger is better beyond chance, and by enough to be worth a change."""
        return self.low > 0 and self.improvement >= WORTH_IT * self.champion_loss

    @property
    def sentence(self) -> str:
        """Return the result in words."""
        verdict = "lower than" if self.wins else "not reliably lower than"
        return (
            f"The mean {self.loss} on {self.rows} held-out rows is {self.challenger_loss:.4g}, {verdict} "
            f"{self.champion_loss:.4g} (improvement {self.improvement:.4g}, 95 % interval {self.low:.4g} to "
            f"{self.high:.4g})."
        )


def compare(challenger: Scorer, champion: Scorer, evaluation: Path) -> Comparison:
    """Let both models answer the held-out rows of the challenger's evaluation folder."""
    held_out = load_held_out(evaluation, challenger.schema)
    return compare_losses(challenger.schema.task, losses_of(challenger, held_out), losses_of(champion, held_out))


def comparable(challenger: Scorer, champion: Scorer) -> bool:
    """Return whether two models answer the same question."""
    return (challenger.schema.target, challenger.schema.task is Task.REGRESSION) == (
        champion.schema.target,
        champion.schema.task is Task.REGRESSION,
    )


def losses_of(scorer: Scorer, held_out: HeldOut) -> Losses:
    """Return a model's loss on each row; columns or categories that it does not know are missing values to it."""
    answers = scorer.predict(scorer.encoder.encode_columns(held_out.columns, strict=False))
    if scorer.schema.task is Task.REGRESSION:
        errors: Losses = answers.astype(np.float64) - held_out.target.astype(np.float64)
        return errors**2
    return log_losses(answers, scorer.schema.classes, held_out.target)


def log_losses(probabilities: NDArray[np.floating], classes: tuple[str, ...], labels: NDArray[np.object_]) -> Losses:
    """Return -log of the probability that was given to each row's label; a class the model lacks had almost none."""
    position = {label: at for at, label in enumerate(classes)}
    known = np.array([position.get(label, -1) for label in labels])
    given = probabilities[np.arange(len(labels)), known].astype(np.float64)
    losses: Losses = -np.log(np.clip(np.where(known < 0, 0.0, given), SMALLEST_PROBABILITY, 1.0))
    return losses


def compare_losses(task: Task, challenger: Losses, champion: Losses, *, resamples: int = RESAMPLES) -> Comparison:
    """Compare paired losses by a bootstrap of their mean difference."""
    gains = champion - challenger
    low, high = np.quantile(_resampled_means(gains, resamples), [0.025, 0.975])
    return Comparison(
        rows=len(gains),
        loss="squared error" if task is Task.REGRESSION else "log loss",
        challenger_loss=float(challenger.mean()),
        champion_loss=float(champion.mean()),
        improvement=float(gains.mean()),
        low=float(low),
        high=float(high),
    )


def _resampled_means(values: Losses, resamples: int) -> Losses:
    generator = np.random.default_rng(0)  # the same losses always give the same verdict
    each = max(1, LARGEST_CHUNK // len(values))
    counts = [min(each, resamples - start) for start in range(0, resamples, each)]
    return np.concatenate(
        [values[generator.integers(0, len(values), (count, len(values)))].mean(axis=1) for count in counts]
    )
