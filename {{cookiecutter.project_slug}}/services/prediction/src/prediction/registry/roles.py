"""Changes of roles that survive a crash.

Giving a model a new champion takes several calls to the registry, and the process may die between any two of them. So
a change is first written down whole in the model's policy row (`pending`), then carried out, then recorded as an
event. Carrying it out twice does no harm; whoever changes roles next finishes what is pending first. A short lease on
the row lets one change happen at a time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, JsonValue
from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError

from prediction.registry.errors import ReleaseInProgress
from prediction.registry.models import ReleaseEvent, ReleasePolicy
from prediction.registry.ports import Alias, ModelRegistry
from servicekit.database import Database, utc_now, uuid7

LEASE = timedelta(seconds=30)
PATIENCE = timedelta(seconds=10)


class Change(BaseModel):
    """New roles (None takes a role away; roles not named stay), and the event that reports them."""

    id: UUID = Field(default_factory=uuid7)
    action: str
    version: str | None
    actor: str
    roles: dict[Alias, str | None] = {}
    canary_percent: int | None = None
    shadow: bool | None = None
    forced: bool = False
    reason: str = ""
    details: dict[str, JsonValue] = {}


class RoleLedger:
    """Carries out changes of one service's models, one at a time for each model."""

    def __init__(self, database: Database, registry: ModelRegistry, *, patience: timedelta = PATIENCE) -> None:
        self._database = database
        self._registry = registry
        self._patience = patience

    @asynccontextmanager
    async def holding(self, tenant: str, model: str) -> AsyncIterator["RoleHolder"]:
        """Hold the model's lease; what an earlier holder left unfinished is finished first.

        Raises `ReleaseInProgress` when somebody else keeps the lease for longer than the patience.
        """
        owner = await self._acquire(tenant, model)
        holder = RoleHolder(self._database, self._registry, tenant, model)
        try:
            await holder.finish_pending()
            yield holder
        finally:
            await self._release(tenant, model, owner)

    async def record(self, tenant: str, model: str, change: Change) -> None:
        """Write an event that changes no role."""
        async with self._database.session() as session:
            session.add(_event(tenant, model, change))

    async def _acquire(self, tenant: str, model: str) -> str:
        await self._ensure_row(tenant, model)
        deadline = utc_now() + self._patience
        owner = uuid4().hex
        while not await self._try_acquire(tenant, model, owner):
            if utc_now() >= deadline:
                raise ReleaseInProgress(f"Another release of {model} is under way.", retry_after=5)
            await asyncio.sleep(0.1)
        return owner

    async def _try_acquire(self, tenant: str, model: str, owner: str) -> bool:
        now = utc_now()
        free = or_(ReleasePolicy.lease_until.is_(None), ReleasePolicy.lease_until < now)
        claim = (
            update(ReleasePolicy)
            .where(ReleasePolicy.tenant == tenant, ReleasePolicy.model == model, free)
            .values(lease_owner=owner, lease_until=now + LEASE)
            .returning(ReleasePolicy.model)
        )
        async with self._database.session() as session:
            return (await session.execute(claim)).first() is not None

    async def _release(self, tenant: str, model: str, owner: str) -> None:
        mine = (ReleasePolicy.tenant == tenant, ReleasePolicy.model == model, ReleasePolicy.lease_owner == owner)
        async with self._database.session() as session:
            await session.execute(update(ReleasePolicy).where(*mine).values(lease_owner=None, lease_until=None))

    async def _ensure_row(self, tenant: str, model: str) -> None:
        async with self._database.reading() as session:
            if await session.get(ReleasePolicy, (tenant, model)) is not None:
                return
        try:
            async with self._database.session() as session:
                session.add(ReleasePolicy(tenant=tenant, model=model, canary_percent=0, shadow=False))
        except IntegrityError:
            return  # another process has just made it


class RoleHolder:
    """Somebody who holds the lease of one model."""

    def __init__(self, database: Database, registry: ModelRegistry, tenant: str, model: str) -> None:
        self._database = database
        self._registry = registry
        self._key = (tenant, model)

    async def apply(self, change: Change) -> None:
        """Write the change down, carry it out, record its event."""
        async with self._database.session() as session:
            policy = await session.get_one(ReleasePolicy, self._key)
            policy.pending = change.model_dump(mode="json")
        await self._carry_out(change)

    async def finish_pending(self) -> None:
        """Carry out the change that an earlier holder has left, if there is one."""
        async with self._database.reading() as session:
            policy = await session.get_one(ReleasePolicy, self._key)
        if policy.pending is not None:
            await self._carry_out(Change.model_validate(policy.pending))

    async def _carry_out(self, change: Change) -> None:
        await asyncio.to_thread(self._set_roles, change)
        async with self._database.session() as session:
            policy = await session.get_one(ReleasePolicy, self._key)
            policy.pending = None
            if change.canary_percent is not None:
                policy.canary_percent = change.canary_percent
            if change.shadow is not None:
                policy.shadow = change.shadow
            await session.merge(_event(*self._key, change))

    def _set_roles(self, change: Change) -> None:
        # `previous` first: if this process dies half-way, there still is a champion, and a version to return to.
        for alias in (Alias.PREVIOUS, Alias.CHAMPION, Alias.CHALLENGER):
            if alias in change.roles:
                self._set_role(alias, change.roles[alias])

    def _set_role(self, alias: Alias, version: str | None) -> None:
        if version is None:
            self._registry.remove_alias(*self._key, alias)
        else:
            self._registry.set_alias(*self._key, alias, version)


def _event(tenant: str, model: str, change: Change) -> ReleaseEvent:
    return ReleaseEvent(
        id=change.id,
        tenant=tenant,
        model=model,
        at=utc_now(),
        **change.model_dump(include={"action", "version", "actor", "forced", "reason", "details"}),
    )
