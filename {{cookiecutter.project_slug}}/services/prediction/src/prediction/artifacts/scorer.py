"""Running a verified model."""

from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from prediction.artifacts import bundle
from prediction.artifacts.encoder import Encoder, Matrix
from prediction.artifacts.schema import ModelSchema, Task
from prediction.artifacts.trial import try_model
from prediction.artifacts.trusted import check_skops

INPUT = "features"
PROBABILITIES = "probabilities"
VALUE = "value"


class Scorer:
    """A loaded model: matrix in, probabilities or values out. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.schema = ModelSchema.model_validate_json((folder / bundle.SCHEMA).read_bytes())
        self.encoder = Encoder(self.schema)
        self._session = onnxruntime.InferenceSession(
            str(folder / bundle.ONNX), session_options(), providers=["CPUExecutionProvider"]
        )
        self._outputs = [VALUE if self.schema.task is Task.REGRESSION else PROBABILITIES]

    @classmethod
    def open(cls, folder: Path, expected_sha256: str, *, limit_bytes: int = bundle.BUNDLE_LIMIT_BYTES) -> Self:
        """Load a bundle after every check has passed, the last being a trial run in a process of its own.

        Raises `BundleRefused`. Takes about a second: call it outside the event loop.
        """
        bundle.verify(folder, expected_sha256, limit_bytes=limit_bytes)
        schema = _schema(folder)
        check_skops(folder / bundle.SKOPS, limit_bytes=limit_bytes)
        width = Encoder(schema).width
        try_model(folder / bundle.ONNX, width=width, outputs=len(schema.classes))
        return cls(folder)

    def predict(self, matrix: Matrix) -> NDArray[np.float32]:
        """Return probabilities [rows, classes] in the order of `schema.classes`, or values [rows] for regression."""
        outputs: list[NDArray[np.float32]] = self._session.run(self._outputs, {INPUT: matrix})
        return outputs[0]


def session_options() -> onnxruntime.SessionOptions:
    """Return options for many small concurrent runs: each on one thread, no spinning."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _schema(folder: Path) -> ModelSchema:
    try:
        return ModelSchema.model_validate_json((folder / bundle.SCHEMA).read_bytes())
    except ValueError as error:
        raise bundle.BundleRefused("bad_schema", f"{bundle.SCHEMA} cannot be read: {error}") from error
