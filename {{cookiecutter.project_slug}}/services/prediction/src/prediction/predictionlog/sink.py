"""Where the log puts rows, whichever store it is."""

from collections.abc import Sequence
from typing import Protocol

from prediction.predictionlog.record import PredictionRow


class SinkUnavailableError(Exception):
    """The store cannot be reached now; the same rows may be tried again."""


class RowsRefusedError(Exception):
    """The store is there and refuses these rows; it took none of them."""


class PredictionSink(Protocol):
    """A store of prediction rows."""

    async def store(self, rows: Sequence[PredictionRow]) -> None:
        """Keep all rows or none; rows that are already there stay as they are.

        Raises:
            SinkUnavailableError: try again later.
            RowsRefusedError: at least one of them can never be stored.
        """
        ...


class MemoryPredictionSink:
    """Keeps rows in a dictionary: for tests and trials."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], PredictionRow] = {}

    async def store(self, rows: Sequence[PredictionRow]) -> None:
        """Keep the rows."""
        for row in rows:
            self.rows.setdefault((row.id, row.variant), row)
