"""BentoML as its documentation shows it: a class with a batchable or a plain API over a NumPy array."""

import os
from typing import Annotated

import bentoml
import joblib
import numpy as np
from bentoml.validators import DType

BATCHING = os.environ["BENCH_BATCHING"] == "on"
Rows = Annotated[np.ndarray, DType("float64")]


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Classifier:
    """The fitted pipeline behind one route."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api(batchable=BATCHING, max_batch_size=64, max_latency_ms=1000)
    def predict(self, rows: Rows) -> Rows:
        """Return the probabilities of every class for every row."""
        return self.model.predict_proba(rows)
