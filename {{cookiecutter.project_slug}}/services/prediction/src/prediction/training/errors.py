"""Why a table cannot be trained on."""

from prediction.datasets.errors import DatasetRefused


class TrainingRefused(DatasetRefused):
    """The table was read, and no model can be made from it as asked."""


class ParityFailed(Exception):
    """The exported model does not answer what the trained one answers."""

    def __init__(self, largest: float, tolerance: float) -> None:
        super().__init__(f"the exported model differs by {largest:.3g}, more than the tolerance of {tolerance:.3g}")
        self.largest = largest
        self.tolerance = tolerance
