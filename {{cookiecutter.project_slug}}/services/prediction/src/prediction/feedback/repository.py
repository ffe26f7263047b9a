"""Labels and the predictions that they are about."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Insert, Table, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from prediction.feedback.models import Label
from prediction.predictionlog.models import Prediction

_AT_ONCE = 500  # ids in one query: databases bound the number of parameters
_decode_probabilities = msgspec.json.Decoder(dict[str, float]).decode


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a prediction: as text, and as number when it is one."""

    label: str
    value: float | None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row of the table to be."""

    tenant: str
    prediction_id: str
    label: str
    value: float | None
    observed_at: datetime | None
    received_at: datetime
    corrections: int = 0


class FeedbackRepository:
    """Predictions and labels of one tenant in one session."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    async def classes(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the classes of each of the tenant's predictions among these ids: none when it answered a number."""
        found: dict[str, tuple[str, ...]] = {}
        for some in _portions(ids):
            query = select(Prediction.id, Prediction.probabilities).where(
                Prediction.id.in_(some), Prediction.tenant == self._tenant, Prediction.variant != "shadow"
            )
            for prediction_id, probabilities in await self._session.execute(query):
                found[prediction_id] = tuple(_decode_probabilities(probabilities)) if probabilities else ()
        return found

    async def truths(self, ids: Iterable[str]) -> dict[str, Truth]:
        """Return what is known already."""
        found: dict[str, Truth] = {}
        for some in _portions(ids):
            query = select(Label.prediction_id, Label.label, Label.value).where(
                Label.tenant == self._tenant, Label.prediction_id.in_(some)
            )
            found |= {name: Truth(label, value) for name, label, value in await self._session.execute(query)}
        return found

    async def keep(self, rows: Sequence[LabelRow]) -> None:
        """Write labels; one that differs from what was known replaces it and counts as a correction."""
        if rows:
            await self._session.execute(_upsert(self._session), [asdict(row) for row in rows])


def _upsert(session: AsyncSession) -> Insert:
    table = Label.__table__
    assert isinstance(table, Table)  # noqa: S101 - narrows SQLAlchemy's type
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(table) if on_postgresql else sqlite.insert(table)
    new, old = insert.excluded, table.c
    return insert.on_conflict_do_update(
        index_elements=["tenant", "prediction_id"],
        set_={
            "label": new.label,
            "value": new.value,
            "observed_at": new.observed_at,
            "received_at": new.received_at,
            "corrections": old.corrections + 1,
        },
        where=or_(old.label.is_distinct_from(new.label), old.value.is_distinct_from(new.value)),
    )


def _portions(ids: Iterable[str]) -> Iterable[Sequence[str]]:
    ordered = sorted(set(ids))
    return (ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE))
