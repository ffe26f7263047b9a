"""The global stop switch: one row in the database, seen by every process within seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from llmkit.errors import ModelsStopped
from llmkit.money.metrics import MoneyMetrics
from llmkit.money.models import Switch
from servicekit.database import Database, utc_now
from servicekit.database.errors import UNREACHABLE

FRESH_SECONDS = 2.0
"""How long a look into the database is believed."""
_NAME = "stop"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StopState:
    """Whether all models are switched off, why, since when and by whom."""

    stopped: bool = False
    reason: str = ""
    actor: str | None = None
    changed_at: datetime | None = None


class StopSwitch:
    """Stops every call to a model, of all tenants. While the database is away, the last known position holds."""

    def __init__(
        self, database: Database, metrics: MoneyMetrics, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._fresh_until = float("-inf")
        self._state = StopState()

    async def check(self) -> None:
        """Raise `ModelsStopped` when the switch is on."""
        if self._clock() >= self._fresh_until:
            await self.refresh()
        if self._state.stopped:
            self._metrics.refused("stopped")
            raise ModelsStopped(f"All models are switched off: {self._state.reason}")

    async def refresh(self) -> StopState:
        """Look into the database now, and return the position."""
        self._fresh_until = self._clock() + FRESH_SECONDS  # meanwhile others go by what is known
        try:
            async with self._database.reading() as session:
                row = await session.scalar(select(Switch).where(Switch.name == _NAME))
        except UNREACHABLE as error:
            _log.warning("stop_switch_unknown", error=type(error).__name__, stopped=self._state.stopped)
            return self._state
        if row is not None:
            self._take(StopState(row.stopped, row.reason, row.actor, row.changed_at))
        return self._state

    async def turn(self, *, stopped: bool, reason: str, actor: str, tenant: str) -> StopState:
        """Switch, for all processes; this one acts on it at once."""
        state = StopState(stopped, reason, actor, utc_now())
        values = {
            "stopped": stopped,
            "reason": reason,
            "actor": actor,
            "tenant": tenant,
            "changed_at": state.changed_at,
        }
        async with self._database.session() as session:
            insert = insert_postgresql if session.get_bind().dialect.name == "postgresql" else insert_sqlite
            row = insert(Switch).values(name=_NAME, **values)
            await session.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))
        _log.warning("models_stopped" if stopped else "models_resumed", reason=reason, actor=actor, tenant=tenant)
        self._take(state)
        self._fresh_until = self._clock() + FRESH_SECONDS
        return state

    def _take(self, state: StopState) -> None:
        self._state = state
        self._metrics.stopped(state.stopped)
