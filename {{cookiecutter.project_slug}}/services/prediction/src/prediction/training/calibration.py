"""Probabilities that mean what they say.

The winner's answers to rows it had not seen are corrected by a sigmoid curve for each class (Platt's method), fitted on
one half of these rows and judged on the other. The correction is used only if it lowers the log loss by at least one
per cent. (Isotonic regression is not offered: its steps cannot be exported to ONNX with equal answers.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from prediction.training.scoring import Numbers

WORTH_IT = 0.01
TINY = 1e-6
FOLDS = 3


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether probabilities are corrected, and the log loss without and with correction on rows not seen before."""

    used: bool
    loss_without: float
    loss_with: float

    @property
    def sentence(self) -> str:
        """Return the choice in words."""
        verdict = "are corrected by a sigmoid curve" if self.used else "are not corrected"
        return (
            f"Probabilities {verdict} (log loss on unseen rows: {self.loss_without:.4f} without, "
            f"{self.loss_with:.4f} with correction)."
        )


def judge(shares: Numbers, answers: NDArray[np.int64], seed: int) -> Calibration:
    """Decide from the probabilities [rows, classes] that were given to unseen rows."""
    labels = np.arange(shares.shape[1])
    without = float(log_loss(answers, shares, labels=labels))
    if np.bincount(answers, minlength=len(labels)).min() < 2:
        return Calibration(False, without, without)
    corrected = np.empty_like(shares)
    for fit, other in StratifiedKFold(2, shuffle=True, random_state=seed).split(shares, answers):
        corrected[other] = _corrected(shares[fit], answers[fit], shares[other])
    with_correction = float(log_loss(answers, corrected, labels=labels))
    return Calibration(with_correction < without * (1 - WORTH_IT), without, with_correction)


def calibrated(model: BaseEstimator) -> CalibratedClassifierCV:
    """Return a model that is fitted on all rows and corrected by a curve from cross-validated answers."""
    return CalibratedClassifierCV(model, method="sigmoid", cv=FOLDS, ensemble=False)


def _corrected(shares: Numbers, answers: NDArray[np.int64], others: Numbers) -> Numbers:
    columns = []
    for at in range(shares.shape[1]):
        curve = LogisticRegression(C=1e3).fit(_logit(shares[:, at]), answers == at)
        columns.append(curve.predict_proba(_logit(others[:, at]))[:, 1])
    corrected = np.clip(np.column_stack(columns), TINY, 1.0)
    normalised: Numbers = corrected / corrected.sum(axis=1, keepdims=True)
    return normalised


def _logit(shares: Numbers) -> Numbers:
    clipped = np.clip(shares, TINY, 1 - TINY)
    logits: Numbers = np.log(clipped / (1 - clipped)).reshape(-1, 1)
    return logits
