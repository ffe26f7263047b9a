"""Retrainings, and the labelled predictions that they learn from."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from prediction.feedback.models import Label
from prediction.predictionlog.models import Prediction
from prediction.retraining.models import Retraining


class RetrainingRepository:
    """The `retrainings` table in one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, retraining: Retraining) -> None:
        """Keep a retraining."""
        self._session.add(retraining)

    async def get(self, retraining_id: UUID) -> Retraining | None:
        """Return one."""
        return await self._session.get(Retraining, retraining_id)

    async def newest(self, tenant: str, model: str, limit: int = 1) -> list[Retraining]:
        """Return a model's retrainings, newest first."""
        query = (
            select(Retraining)
            .where(Retraining.tenant == tenant, Retraining.model == model)
            .order_by(Retraining.created_at.desc(), Retraining.id.desc())
            .limit(limit)
        )
        return list(await self._session.scalars(query))

    async def has_labelled_rows(self, tenant: str, model: str, number: int) -> bool:
        """Tell whether at least so many answered predictions of a model have labels."""
        some = select(Prediction.id).join(Label, labels_it()).where(*answered(tenant, model)).limit(number)
        return await self._session.scalar(select(func.count()).select_from(some.subquery())) == number


def labels_it() -> ColumnElement[bool]:
    """Return what joins a label to its prediction."""
    return and_(Label.tenant == Prediction.tenant, Label.prediction_id == Prediction.id)


def answered(tenant: str, model: str) -> tuple[ColumnElement[bool], ...]:
    """Return what selects the predictions that callers saw, each once."""
    return Prediction.tenant == tenant, Prediction.model == model, Prediction.variant != "shadow"
