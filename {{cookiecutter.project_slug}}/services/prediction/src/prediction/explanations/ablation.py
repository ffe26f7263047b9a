"""Single-feature ablation: what a row's answer would be if one feature had its typical value.

For a row x, a feature j and the typical value t_j of j in the training data (median, or most frequent value):

    contribution_j = f(x) - f(x with x_j replaced by t_j)

where f is the value of a regression, or the probability of the class that was answered. A positive contribution moved
the answer up. The contributions are not additive and say nothing of features that act only together; they are exact
statements about the model, not estimates, and cost one run of the model over as many rows as there are features.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from prediction.artifacts.columns import Value
from prediction.artifacts.encoder import Matrix
from prediction.artifacts.scorer import Scorer
from prediction.serving.answers import Contribution


def explain(scorer: Scorer, values: Sequence[Value], row: Matrix, most: int) -> list[Contribution]:
    """Return the features that mattered most for one row, the largest contribution first.

    Args:
        scorer: the model.
        values: the row as it was sent, in the order of the schema's features.
        row: the same as the model's input, of shape [1, width].
        most: how many features to name.
    """
    features = scorer.schema.features
    typical = scorer.encoder.encode([[feature.typical for feature in features]])
    ablated = np.repeat(row, len(features), axis=0)
    for column, feature in enumerate(scorer.encoder.sources):
        ablated[feature, column] = typical[0, column]
    contributions = _contributions(scorer.predict(row), scorer.predict(ablated))
    order = np.argsort(-np.abs(contributions), kind="stable")[:most]
    return [
        Contribution(features[i].name, values[i], features[i].typical, float(contributions[i])) for i in order.tolist()
    ]


def _contributions(answer: NDArray[np.float32], ablated: NDArray[np.float32]) -> NDArray[np.float32]:
    best = int(answer[0].argmax()) if answer.ndim == 2 else None
    difference: NDArray[np.float32] = answer[0] - ablated
    return difference if best is None else difference[:, best]
