"""What is released at this moment, for every model: read by serving every few seconds."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from prediction.registry.models import ReleasePolicy
from prediction.registry.ports import Alias, ModelRegistry, ModelVersion
from servicekit.database import Database


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """Which versions of a model have a role, and how traffic is divided between them."""

    tenant: str
    model: str
    champion: ModelVersion | None = None
    challenger: ModelVersion | None = None
    previous: ModelVersion | None = None
    canary_percent: int = 0
    shadow: bool = False


class ReleaseBoard:
    """Reads roles from the registry and policies from the database; versions, which never change, are remembered."""

    def __init__(self, database: Database, registry: ModelRegistry) -> None:
        self._database = database
        self._registry = registry
        self._versions: dict[tuple[str, str, str], ModelVersion] = {}

    async def snapshot(self) -> dict[tuple[str, str], ReleaseState]:
        """Return the state of every (tenant, model). Raises `RegistryUnavailable`."""
        async with self._database.reading() as session:
            policies = {(row.tenant, row.model): row for row in await session.scalars(select(ReleasePolicy))}
        return await asyncio.to_thread(self._states, policies)

    async def state(self, tenant: str, model: str) -> ReleaseState:
        """Return the state of one model. Raises `ModelNotFound` and `RegistryUnavailable`."""
        async with self._database.reading() as session:
            policy = await session.get(ReleasePolicy, (tenant, model))
        aliases = await asyncio.to_thread(self._registry.aliases, tenant, model)
        return await asyncio.to_thread(self._state, tenant, model, aliases, policy)

    def _states(self, policies: Mapping[tuple[str, str], ReleasePolicy]) -> dict[tuple[str, str], ReleaseState]:
        return {
            (tenant, model): self._state(tenant, model, aliases, policies.get((tenant, model)))
            for (tenant, model), aliases in self._registry.all_aliases().items()
        }

    def _state(
        self, tenant: str, model: str, aliases: Mapping[Alias, str], policy: ReleasePolicy | None
    ) -> ReleaseState:
        roles = {alias.value: self._version(tenant, model, version) for alias, version in aliases.items()}
        return ReleaseState(
            tenant,
            model,
            **roles,
            canary_percent=policy.canary_percent if policy else 0,
            shadow=policy.shadow if policy else False,
        )

    def _version(self, tenant: str, model: str, version: str) -> ModelVersion:
        key = (tenant, model, version)
        if key not in self._versions:
            self._versions[key] = self._registry.version(tenant, model, version)
        return self._versions[key]
