"""Releases: who answers requests, how that changes, and what each change was based on."""

import asyncio
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from sqlalchemy import select

from prediction.artifacts.scorer import Scorer
from prediction.registry import gate
from prediction.registry.board import ReleaseBoard, ReleaseState
from prediction.registry.errors import GateFailed, NothingToRelease
from prediction.registry.gate import Comparison
from prediction.registry.models import ReleaseEvent
from prediction.registry.ports import Alias, ModelRegistry, ModelVersion
from prediction.registry.roles import Change, RoleHolder, RoleLedger
from servicekit.database import Database

BEATS_BASELINE = "beats_baseline"  # tag of a version: "true" when it beat a model that knows only the target


class ReleaseService:
    """Promotes, rolls back and divides traffic.

    It opens its own units of work, because a change of roles must be written down before the registry is touched.
    """

    def __init__(self, database: Database, registry: ModelRegistry) -> None:
        self._database = database
        self._registry = registry
        self._ledger = RoleLedger(database, registry)
        self.board = ReleaseBoard(database, registry)

    async def promote(
        self, tenant: str, model: str, *, actor: str, version: str | None = None, force: bool = False, reason: str = ""
    ) -> ReleaseState:
        """Make a version (the challenger, unless another is named) the champion, if it passes the gate.

        With `force` the gate is not asked, which the audit log says. Raises `GateFailed`, `NothingToRelease`,
        `ModelNotFound`, `ReleaseInProgress` and `RegistryUnavailable`.
        """
        while True:
            state = await self.board.state(tenant, model)
            candidate = await self._candidate(state, version)
            comparison = None if force else await self._pass_gate(state, candidate, actor)
            async with self._ledger.holding(tenant, model) as holder:
                if (await self.board.state(tenant, model)).champion != state.champion:
                    continue  # the champion it was compared with is champion no more
                await holder.apply(_promotion(state, candidate, actor, comparison, forced=force, reason=reason))
            return await self.board.state(tenant, model)

    async def rollback(self, tenant: str, model: str, *, actor: str, reason: str = "") -> ReleaseState:
        """Exchange champion and previous version. Raises `NothingToRelease` when there is no previous version."""
        async with self._ledger.holding(tenant, model) as holder:
            state = await self.board.state(tenant, model)
            if state.previous is None or state.champion is None:
                raise NothingToRelease(f"{model} has no previous version to return to.")
            roles = {Alias.CHAMPION: state.previous.version, Alias.PREVIOUS: state.champion.version}
            details = {"replaced": state.champion.version}
            change = Change(
                action="rolled_back",
                version=state.previous.version,
                actor=actor,
                roles=roles,
                canary_percent=0,
                reason=reason,
                details=dict(details),
            )
            await holder.apply(change)
        return await self.board.state(tenant, model)

    async def set_traffic(
        self, tenant: str, model: str, *, canary_percent: int, shadow: bool, actor: str
    ) -> ReleaseState:
        """Give the challenger a share of the requests (0 to 100 %), and let it shadow the champion or not."""
        await self.board.state(tenant, model)
        change = Change(action="traffic_set", version=None, actor=actor, canary_percent=canary_percent, shadow=shadow)
        change.details = {"canary_percent": canary_percent, "shadow": shadow}
        async with self._ledger.holding(tenant, model) as holder:
            await holder.apply(change)
        return await self.board.state(tenant, model)

    async def consider(self, version: ModelVersion, *, actor: str, promote: bool = False) -> str:
        """Take in a newly trained version and return what became of it, in a sentence.

        It becomes challenger. The first version of a model becomes champion at once if it beats the baseline; a later
        one only with `promote` and if it passes the gate.
        """
        tenant, model = version.tenant, version.model
        async with self._ledger.holding(tenant, model) as holder:
            state = await self.board.state(tenant, model)
            if version in (state.champion, state.previous):
                return f"Version {version.version} has been released before."
            first = state.champion is None
            await self._welcome(holder, state, version, actor)
        if first and version.tags.get(BEATS_BASELINE) != "true":
            return (
                f"Version {version.version} is challenger: it does not reliably beat a model that ignores all features."
            )
        if not first and not promote:
            return f"Version {version.version} is challenger."
        if first:
            return f"Version {version.version} is the first champion of {model}."
        try:
            await self.promote(tenant, model, actor=actor, version=version.version)
        except GateFailed as refusal:
            return f"Version {version.version} stays challenger: {refusal.detail}"
        return f"Version {version.version} is the new champion."

    async def events(self, tenant: str, model: str, *, limit: int = 100) -> list[ReleaseEvent]:
        """Return the audit log of a model, newest first."""
        newest = (
            select(ReleaseEvent)
            .where(ReleaseEvent.tenant == tenant, ReleaseEvent.model == model)
            .order_by(ReleaseEvent.id.desc())
            .limit(limit)
        )
        async with self._database.reading() as session:
            return list(await session.scalars(newest))

    async def _welcome(self, holder: RoleHolder, state: ReleaseState, version: ModelVersion, actor: str) -> None:
        if state.challenger != version:
            roles: dict[Alias, str | None] = {Alias.CHALLENGER: version.version}
            await holder.apply(Change(action="registered", version=version.version, actor=actor, roles=roles))
        if state.champion is None and version.tags.get(BEATS_BASELINE) == "true":
            welcomed = replace(state, challenger=version)
            await holder.apply(_promotion(welcomed, version, actor, None, forced=False, reason="first version"))

    async def _candidate(self, state: ReleaseState, version: str | None) -> ModelVersion:
        if version is None:
            if state.challenger is None:
                raise NothingToRelease(f"{state.model} has no challenger.", hint="Train a new version first.")
            return state.challenger
        found = await asyncio.to_thread(self._registry.version, state.tenant, state.model, version)
        if found == state.champion:
            raise NothingToRelease(f"Version {version} of {state.model} is champion already.")
        return found

    async def _pass_gate(self, state: ReleaseState, candidate: ModelVersion, actor: str) -> Comparison | None:
        if state.champion is None:
            if candidate.tags.get(BEATS_BASELINE) == "true":
                return None
            await self._refuse(
                state, candidate, actor, "It does not reliably beat a model that ignores all features.", {}
            )
        comparison = await asyncio.to_thread(self._compare, candidate, state.champion)
        if comparison is None:
            await self._refuse(state, candidate, actor, "It answers another question than the champion does.", {})
        elif not comparison.wins:
            await self._refuse(state, candidate, actor, comparison.sentence, asdict(comparison))
        return comparison

    async def _refuse(
        self, state: ReleaseState, candidate: ModelVersion, actor: str, why: str, details: dict[str, float | str]
    ) -> None:
        change = Change(action="refused", version=candidate.version, actor=actor, reason=why, details=dict(details))
        await self._ledger.record(state.tenant, state.model, change)
        raise GateFailed(why, hint="Promote with force and a reason if you know better.")

    def _compare(self, candidate: ModelVersion, champion: ModelVersion | None) -> Comparison | None:
        assert champion is not None  # noqa: S101 - _pass_gate returns or raises before when there is none
        with tempfile.TemporaryDirectory(prefix="gate-") as folder:
            challenger_scorer = self._open(candidate, Path(folder) / "challenger")
            champion_scorer = self._open(champion, Path(folder) / "champion")
            if not gate.comparable(challenger_scorer, champion_scorer):
                return None
            evaluation = self._registry.download_evaluation(candidate, Path(folder) / "evaluation")
            return gate.compare(challenger_scorer, champion_scorer, evaluation)

    def _open(self, version: ModelVersion, folder: Path) -> Scorer:
        folder.mkdir()
        return Scorer.open(self._registry.download(version, folder), version.bundle_sha256)


def _promotion(
    state: ReleaseState,
    candidate: ModelVersion,
    actor: str,
    comparison: Comparison | None,
    *,
    forced: bool,
    reason: str,
) -> Change:
    roles: dict[Alias, str | None] = {Alias.CHAMPION: candidate.version}
    if state.champion is not None:
        roles[Alias.PREVIOUS] = state.champion.version
    if state.challenger in (None, candidate):
        roles[Alias.CHALLENGER] = None
    return Change(
        action="promoted",
        version=candidate.version,
        actor=actor,
        roles=roles,
        canary_percent=0,
        forced=forced,
        reason=reason or (comparison.sentence if comparison else ""),
        details=dict(asdict(comparison)) if comparison else {},
    )
