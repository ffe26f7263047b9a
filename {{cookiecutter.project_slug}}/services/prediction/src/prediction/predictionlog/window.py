"""Reading logged predictions of a stretch of time, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, func, select

from prediction.predictionlog.models import Prediction
from servicekit.database import Database

PAGE_ROWS = 5000
Columns = TypeVarTuple("Columns")


@dataclass(frozen=True, slots=True)
class Window:
    """The predictions of one version in a stretch of time, those made in the shadow of another included."""

    tenant: str
    model: str
    version: str
    start: datetime
    end: datetime

    def condition(self) -> tuple[ColumnElement[bool], ...]:
        """Return what a query of the predictions table has to meet."""
        return (
            Prediction.tenant == self.tenant,
            Prediction.model == self.model,
            Prediction.version == self.version,
            Prediction.at >= self.start,
            Prediction.at < self.end,
        )


async def count_rows(database: Database, window: Window) -> int:
    """Return how many predictions the window holds."""
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Prediction).where(*window.condition())) or 0


async def stream_pages(database: Database, query: Select[*Columns]) -> AsyncIterator[Sequence[Row[*Columns]]]:
    """Yield the result of a query in pages; the memory needed is that of one page."""
    async with database.reading() as session:
        result = await session.stream(query, execution_options={"yield_per": PAGE_ROWS})
        async for page in result.partitions():
            yield page
