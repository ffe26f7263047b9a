"""Online metrics: how good each version's recent predictions were, as far as labels tell."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import ColumnElement, Row, Select, and_, func, select

from prediction.feedback.models import Label
from prediction.feedback.quality import Estimate, classification_quality, regression_quality, rounded
from prediction.feedback.schemas import OnlineMetrics, VersionQuality
from prediction.predictionlog.models import Prediction
from prediction.predictionlog.window import stream_pages
from servicekit.database import Database

MOST_LABELS = 200_000  # of one version and role that are read: some ten megabytes
_decode_probabilities = msgspec.json.Decoder(list[dict[str, float]]).decode


@dataclass(frozen=True, slots=True)
class Labelled:
    """Figures over labelled predictions."""

    metrics: dict[str, Estimate]
    usable: int
    read: int


class OnlineQuality:
    """Computes online metrics from predictions and labels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_model(
        self, tenant: str, model: str, *, now: datetime, hours: float, version: str | None = None
    ) -> OnlineMetrics:
        """Return the figures of every version and role that predicted in the last hours, or of one version."""
        start = now - timedelta(hours=hours)
        condition = [
            Prediction.tenant == tenant,
            Prediction.model == model,
            Prediction.at >= start,
            Prediction.at < now,
            *([Prediction.version == version] if version is not None else []),
        ]
        async with self._database.reading() as session:
            groups = (await session.execute(_counts(condition))).all()
        versions = [await self._quality(condition, group) for group in groups]
        return OnlineMetrics(model=model, window_start=start, window_end=now, versions=versions)

    async def _quality(
        self, condition: Sequence[ColumnElement[bool]], group: Row[str, str, int, int, datetime, datetime]
    ) -> VersionQuality:
        labelled = Labelled({}, 0, 0)
        if group.labelled:
            where = [*condition, Prediction.version == group.version, Prediction.variant == group.variant]
            labelled = await self._labelled(where)
        return VersionQuality(
            version=group.version,
            variant=group.variant,
            predictions=group.predictions,
            labelled=group.labelled,
            unusable=labelled.read - labelled.usable,
            labelled_share=round(group.labelled / group.predictions, 6),
            first_at=group.first_at,
            last_at=group.last_at,
            metrics=labelled.metrics,
            sampled=labelled.read < group.labelled,
        )

    async def _labelled(self, where: Sequence[ColumnElement[bool]]) -> Labelled:
        answers: list[Answers] = []
        async for page in stream_pages(self._database, _labels(where)):
            answers.append(await asyncio.to_thread(read_answers, page))
        return await asyncio.to_thread(_judge, answers)


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers and truths of one page. `classes` is empty for a regression."""

    classes: tuple[str, ...]
    predicted: np.ndarray[Any, np.dtype[np.float64]]  # [rows, classes], or [rows]
    truth: np.ndarray[Any, np.dtype[np.float64]]  # position of the class, or value; NaN when it is neither


def read_answers(page: Sequence[Row[float, str | None, str, float | None]]) -> Answers:
    """Turn a page of (score, probabilities, label, value) into arrays."""
    if page[0].probabilities is None:
        truth = np.array([row.value for row in page], dtype=np.float64)
        return Answers((), np.array([row.score for row in page], dtype=np.float64), truth)
    named = _decode_probabilities(f"[{','.join(row.probabilities for row in page)}]")
    classes = tuple(named[0])
    positions = {name: float(position) for position, name in enumerate(classes)}
    return Answers(
        classes,
        np.array([[row[name] for name in classes] for row in named], dtype=np.float64),
        np.array([positions.get(row.label, np.nan) for row in page], dtype=np.float64),
    )


def _judge(pages: Sequence[Answers]) -> Labelled:
    truth = np.concatenate([page.truth for page in pages])
    predicted = np.concatenate([page.predicted for page in pages])
    usable = ~np.isnan(truth)
    if not usable.any():
        return Labelled({}, 0, len(truth))
    if pages[0].classes:
        metrics = classification_quality(predicted[usable], truth[usable].astype(np.intp))
    else:
        metrics = regression_quality(predicted[usable], truth[usable])
    return Labelled(rounded(metrics), int(usable.sum()), len(truth))


def _label_of_prediction() -> ColumnElement[bool]:
    return and_(Label.tenant == Prediction.tenant, Label.prediction_id == Prediction.id)


def _counts(condition: Sequence[ColumnElement[bool]]) -> Select[str, str, int, int, datetime, datetime]:
    return (
        select(
            Prediction.version,
            Prediction.variant,
            func.count().label("predictions"),
            func.count(Label.prediction_id).label("labelled"),
            func.min(Prediction.at).label("first_at"),
            func.max(Prediction.at).label("last_at"),
        )
        .outerjoin(Label, _label_of_prediction())
        .where(*condition)
        .group_by(Prediction.version, Prediction.variant)
        .order_by(Prediction.version, Prediction.variant)
    )


def _labels(where: Sequence[ColumnElement[bool]]) -> Select[float, str | None, str, float | None]:
    return (
        select(Prediction.score, Prediction.probabilities, Label.label, Label.value)
        .join(Label, _label_of_prediction())
        .where(*where)
        .order_by(Prediction.at.desc())
        .limit(MOST_LABELS)
    )
