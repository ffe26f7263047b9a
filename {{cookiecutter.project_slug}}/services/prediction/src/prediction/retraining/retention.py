"""Deleting what is older than the settings allow, a batch at a time so that nobody waits for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from prediction.drift.models import MonitoringReport
from prediction.feedback.models import Label
from prediction.predictionlog.models import Prediction
from servicekit.database import Base, Database

BATCH_ROWS = 2000


class RetentionResult(BaseModel):
    """How many rows were deleted."""

    predictions: int
    labels: int
    reports: int


async def delete_expired(database: Database, *, now: datetime, days: int) -> RetentionResult:
    """Delete predictions, labels and reports that are older than a number of days."""
    before = now - timedelta(days=days)
    return RetentionResult(
        predictions=await _delete(database, Prediction, Prediction.at, [Prediction.id, Prediction.variant], before),
        labels=await _delete(database, Label, Label.received_at, [Label.tenant, Label.prediction_id], before),
        reports=await _delete(database, MonitoringReport, MonitoringReport.created_at, [MonitoringReport.id], before),
    )


async def _delete(
    database: Database,
    table: type[Base],
    moment: InstrumentedAttribute[datetime],
    identity: Sequence[InstrumentedAttribute[Any]],
    before: datetime,
) -> int:
    deleted = 0
    expired = select(*identity).where(moment < before).order_by(moment).limit(BATCH_ROWS)
    while True:
        async with database.session() as session:
            keys = (await session.execute(expired)).all()
            if keys:
                await session.execute(delete(table).where(tuple_(*identity).in_([tuple(key) for key in keys])))
        deleted += len(keys)
        if len(keys) < BATCH_ROWS:
            return deleted
