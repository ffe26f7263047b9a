"""Taking in labels.

The last word about a prediction counts: a different label replaces the earlier one and is counted as a correction, the
same label again changes nothing. A label may overtake its prediction, which is in the log's spool for a moment: it is
kept under the prediction's id, and the two meet when quality is computed.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from prediction.feedback.errors import InvalidLabels
from prediction.feedback.repository import FeedbackRepository, LabelRow, Truth
from prediction.feedback.schemas import FeedbackAnswer, FeedbackItem, FeedbackResult, FeedbackStatus
from servicekit.database import Database
from servicekit.problems import FieldError

Flush = Callable[[], Awaitable[object]]
Classes = Mapping[str, tuple[str, ...]]  # by prediction id


class FeedbackService:
    """Keeps labels. It opens its own units of work, because the spool must be flushed before one begins."""

    def __init__(self, database: Database, *, grace: timedelta, flush: Flush) -> None:
        self._database = database
        self._grace = grace
        self._flush = flush

    async def take(self, tenant: str, items: Sequence[FeedbackItem], *, now: datetime) -> FeedbackAnswer:
        """Keep the labels of predictions that the tenant has made, or may just be making.

        Raises:
            InvalidLabels: a label cannot be true of its prediction; nothing was kept.
        """
        classes = await self._classes(tenant, [item.prediction_id for item in items])
        _check(items, classes)
        async with self._database.session() as session:
            repository = FeedbackRepository(session, tenant)
            known = await repository.truths(item.prediction_id for item in items)
            statuses = [self._status(item, classes, known, now) for item in items]
            kept = (FeedbackStatus.STORED, FeedbackStatus.PENDING, FeedbackStatus.CORRECTED)
            pairs = zip(items, statuses, strict=True)
            await repository.keep([_row(tenant, item, now) for item, status in pairs if status in kept])
        return _answer(items, statuses)

    async def _classes(self, tenant: str, ids: Sequence[str]) -> Classes:
        async with self._database.reading() as session:
            found = await FeedbackRepository(session, tenant).classes(ids)
        unseen = set(ids) - found.keys()
        if not unseen:
            return found
        await self._flush()  # this process may have them in its spool still
        async with self._database.reading() as session:
            return found | await FeedbackRepository(session, tenant).classes(unseen)

    def _status(self, item: FeedbackItem, classes: Classes, known: dict[str, Truth], now: datetime) -> FeedbackStatus:
        seen = item.prediction_id in classes
        if not seen and not self._may_be_on_its_way(item.prediction_id, now):
            return FeedbackStatus.NOT_FOUND
        before, truth = known.get(item.prediction_id), _truth(item)
        known[item.prediction_id] = truth  # a request may speak twice about one prediction
        if before is None:
            return FeedbackStatus.STORED if seen else FeedbackStatus.PENDING
        return FeedbackStatus.UNCHANGED if before == truth else FeedbackStatus.CORRECTED

    def _may_be_on_its_way(self, prediction_id: str, now: datetime) -> bool:
        made_at = _made_at(prediction_id)
        return made_at is not None and abs(now.timestamp() - made_at) <= self._grace.total_seconds()


def label_text(label: float | str) -> str:
    """Return a label as schemas spell classes: whole numbers without a point, booleans in lower case."""
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and math.isfinite(label) and label.is_integer():
        return str(int(label))
    return str(label)


def _made_at(prediction_id: str) -> float | None:
    """Return when an id of ours was made, in seconds since 1970: a version 7 UUID begins with its moment."""
    request, row = prediction_id[:32], prediction_id[32:]
    try:
        identifier = UUID(hex=request)
    except ValueError:
        return None
    ours = identifier.version == 7 and (row == "" or (row.startswith("-") and row[1:].isdecimal()))
    return (identifier.int >> 80) / 1000 if ours else None


def _check(items: Sequence[FeedbackItem], classes: Classes) -> None:
    errors = []
    for index, item in enumerate(items):
        objection = _objection(item, classes[item.prediction_id]) if item.prediction_id in classes else None
        if objection:
            errors.append(FieldError(f"items[{index}].label", objection, pointer=f"#/items/{index}/label"))
    if errors:
        raise InvalidLabels(f"{len(errors)} of {len(items)} labels cannot be true of their predictions.", errors=errors)


def _objection(item: FeedbackItem, classes: tuple[str, ...]) -> str | None:
    if classes:
        text = label_text(item.label)
        return None if text in classes else f"{text[:50]!r} is not one of {', '.join(classes[:20])}"
    if isinstance(item.label, bool | str):
        return "must be a number: the model answers numbers"
    return None


def _truth(item: FeedbackItem) -> Truth:
    return Truth(label_text(item.label), None if isinstance(item.label, bool | str) else float(item.label))


def _row(tenant: str, item: FeedbackItem, now: datetime) -> LabelRow:
    truth = _truth(item)
    return LabelRow(tenant, item.prediction_id, truth.label, truth.value, item.observed_at, received_at=now)


def _answer(items: Sequence[FeedbackItem], statuses: Sequence[FeedbackStatus]) -> FeedbackAnswer:
    not_found = statuses.count(FeedbackStatus.NOT_FOUND)
    results = [
        FeedbackResult(prediction_id=item.prediction_id, status=status)
        for item, status in zip(items, statuses, strict=True)
    ]
    return FeedbackAnswer(accepted=len(items) - not_found, not_found=not_found, results=results)
