import numpy as np

from prediction.training.calibration import judge


def sharpened(strength: float, rows: int = 2_000) -> tuple[np.ndarray, np.ndarray]:
    """Answers drawn by a probability, and that probability made more extreme."""
    random = np.random.default_rng(0)
    logits = random.normal(size=rows)
    answers = (random.random(rows) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    given = 1 / (1 + np.exp(-logits * strength))
    return np.column_stack([1 - given, given]), answers


def test_overconfident_probabilities_are_corrected() -> None:
    found = judge(*sharpened(4.0), seed=0)
    assert found.used
    assert found.loss_with < found.loss_without
    assert "are corrected" in found.sentence


def test_honest_probabilities_stay_as_they_are() -> None:
    found = judge(*sharpened(1.0), seed=0)
    assert not found.used
    assert "are not corrected" in found.sentence


def test_a_class_with_one_row_is_too_little_to_correct() -> None:
    shares = np.full((20, 2), 0.5)
    assert not judge(shares, np.array([1] + [0] * 19), seed=0).used
