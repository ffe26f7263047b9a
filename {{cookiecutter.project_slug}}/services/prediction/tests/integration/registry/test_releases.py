"""Promotion, rollback, traffic and their audit log, on a real database."""

import asyncio
from datetime import timedelta
from typing import Protocol

import pytest

from prediction.artifacts.schema import ModelSchema
from prediction.registry.errors import (
    GateFailed,
    ModelNotFound,
    NothingToRelease,
    RegistryUnavailable,
    ReleaseInProgress,
)
from prediction.registry.memory import MemoryModelRegistry
from prediction.registry.models import ReleasePolicy
from prediction.registry.ports import Alias, ModelVersion, TrainedModel
from prediction.registry.roles import Change, RoleLedger
from prediction.registry.service import ReleaseService
from servicekit.database import Database, utc_now

BEST, WORSE, WORST = 1, 2, 3


class Trainer(Protocol):
    def train(
        self, *, seed: int, baseline: bool = True, job_id: str = "", schema: ModelSchema | None = None
    ) -> TrainedModel: ...


class CrashingRegistry(MemoryModelRegistry):
    """Dies after a number of changes of roles, once."""

    changes_left = 10**6

    def set_alias(self, tenant: str, model: str, alias: Alias, version: str) -> None:
        self.changes_left -= 1
        if self.changes_left < 0:
            self.changes_left = 10**6
            raise RegistryUnavailable("gone")
        super().set_alias(tenant, model, alias, version)


@pytest.fixture
def releases(database: Database, registry: MemoryModelRegistry) -> ReleaseService:
    return ReleaseService(database, registry)


def registered(registry: MemoryModelRegistry, trainer: Trainer, seed: int, *, baseline: bool = True) -> ModelVersion:
    return registry.register("acme", "rents", trainer.train(seed=seed, baseline=baseline))


async def actions(releases: ReleaseService) -> list[str]:
    return [event.action for event in await releases.events("acme", "rents")]


async def test_the_first_good_version_is_champion_at_once(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    sentence = await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    state = await releases.board.state("acme", "rents")
    assert sentence == "Version 1 is the first champion of rents."
    assert state.champion is not None
    assert (state.champion.version, state.challenger, state.previous) == ("1", None, None)
    assert await actions(releases) == ["promoted", "registered"]


async def test_a_first_version_that_beats_nothing_stays_challenger(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    sentence = await releases.consider(registered(registry, trainer, WORSE, baseline=False), actor="ann")
    assert "does not reliably beat" in sentence
    with pytest.raises(GateFailed):
        await releases.promote("acme", "rents", actor="ann")
    state = await releases.promote("acme", "rents", actor="ann", force=True, reason="we know")
    assert state.champion is not None
    event = (await releases.events("acme", "rents"))[0]
    assert (event.action, event.forced, event.reason, event.actor) == ("promoted", True, "we know", "ann")


async def test_a_first_champion_is_not_its_own_challenger(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    await releases.consider(registered(registry, trainer, WORST, baseline=False), actor="ann")
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    assert registry.aliases("acme", "rents") == {Alias.CHAMPION: "2"}


async def test_a_better_challenger_passes_the_gate(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    assert await releases.consider(registered(registry, trainer, BEST), actor="ann") == "Version 2 is challenger."
    state = await releases.promote("acme", "rents", actor="bob")
    assert state.champion is not None
    assert state.previous is not None
    assert (state.champion.version, state.previous.version, state.challenger) == ("2", "1", None)
    event = (await releases.events("acme", "rents"))[0]
    assert event.details["challenger_loss"] == 0
    assert event.details["rows"] == 60
    assert not event.forced


async def test_a_worse_challenger_is_refused_and_the_refusal_recorded(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    await releases.consider(registered(registry, trainer, BEST), actor="ann")
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    with pytest.raises(GateFailed, match="not reliably lower") as refusal:
        await releases.promote("acme", "rents", actor="bob")
    assert refusal.value.hint
    state = await releases.board.state("acme", "rents")
    assert state.champion is not None
    assert state.champion.version == "1"
    assert (await actions(releases))[0] == "refused"


async def test_a_training_may_ask_the_gate_itself(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    better = await releases.consider(registered(registry, trainer, BEST), actor="job", promote=True)
    assert better == "Version 2 is the new champion."
    worse = await releases.consider(registered(registry, trainer, WORST), actor="job", promote=True)
    assert worse.startswith("Version 3 stays challenger: The mean squared error")


async def test_considering_twice_changes_nothing(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    version = registered(registry, trainer, WORSE)
    await releases.consider(version, actor="ann")
    assert "has been released before" in await releases.consider(version, actor="ann")
    challenger = registered(registry, trainer, BEST)
    for _ in range(2):
        await releases.consider(challenger, actor="ann")
    assert await actions(releases) == ["registered", "promoted", "registered"]


async def test_a_model_of_another_target_needs_force(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer, flats: ModelSchema
) -> None:
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    other = trainer.train(seed=BEST, schema=flats.model_copy(update={"target": "size"}))
    await releases.consider(registry.register("acme", "rents", other), actor="ann")
    with pytest.raises(GateFailed, match="another question"):
        await releases.promote("acme", "rents", actor="bob")


async def test_rollback_exchanges_and_twice_leads_back(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    await releases.consider(registered(registry, trainer, BEST), actor="ann", promote=True)
    for champion, previous in (("1", "2"), ("2", "1")):
        state = await releases.rollback("acme", "rents", actor="bob", reason="alarm")
        assert state.champion is not None
        assert state.previous is not None
        assert (state.champion.version, state.previous.version) == (champion, previous)
    assert (await actions(releases))[:2] == ["rolled_back", "rolled_back"]


async def test_there_must_be_something_to_release(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    with pytest.raises(ModelNotFound):
        await releases.promote("acme", "rents", actor="ann")
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    with pytest.raises(NothingToRelease):
        await releases.promote("acme", "rents", actor="ann")
    with pytest.raises(NothingToRelease, match="champion already"):
        await releases.promote("acme", "rents", actor="ann", version="1")
    with pytest.raises(NothingToRelease):
        await releases.rollback("acme", "rents", actor="ann")
    with pytest.raises(ModelNotFound):
        await releases.promote("acme", "rents", actor="ann", version="9")


async def test_promoting_a_named_version_leaves_the_challenger(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    for seed in (WORSE, BEST, WORST):
        await releases.consider(registered(registry, trainer, seed), actor="ann")
    state = await releases.promote("acme", "rents", actor="ann", version="2")
    assert state.champion is not None
    assert state.challenger is not None
    assert (state.champion.version, state.challenger.version) == ("2", "3")


async def test_traffic_is_divided_until_the_champion_changes(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    with pytest.raises(ModelNotFound):
        await releases.set_traffic("acme", "rents", canary_percent=1, shadow=False, actor="ann")
    for seed in (WORSE, BEST):
        await releases.consider(registered(registry, trainer, seed), actor="ann")
    state = await releases.set_traffic("acme", "rents", canary_percent=25, shadow=True, actor="ann")
    assert (state.canary_percent, state.shadow) == (25, True)
    assert (await releases.board.snapshot())[("acme", "rents")] == state
    promoted = await releases.promote("acme", "rents", actor="ann")
    assert (promoted.canary_percent, promoted.shadow) == (0, True)
    assert (await releases.events("acme", "rents"))[1].details == {"canary_percent": 25, "shadow": True}


async def test_the_board_knows_every_tenant(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    registry.register("globex", "rents", trainer.train(seed=BEST))
    board = await releases.board.snapshot()
    assert set(board) == {("acme", "rents"), ("globex", "rents")}
    assert board[("globex", "rents")].champion is None
    registry.reachable = False
    with pytest.raises(RegistryUnavailable):
        await releases.board.snapshot()


@pytest.mark.parametrize("changes", [0, 1])
async def test_a_promotion_cut_in_half_is_finished_by_the_next_change(
    database: Database, tmp_path_factory: pytest.TempPathFactory, trainer: Trainer, changes: int
) -> None:
    registry = CrashingRegistry(tmp_path_factory.mktemp("models"))
    releases = ReleaseService(database, registry)
    await releases.consider(registered(registry, trainer, WORSE), actor="ann")
    await releases.consider(registered(registry, trainer, BEST), actor="ann")
    registry.changes_left = changes
    with pytest.raises(RegistryUnavailable):
        await releases.promote("acme", "rents", actor="bob")
    assert registry.aliases("acme", "rents")[Alias.CHAMPION] == "1"
    state = await releases.rollback("acme", "rents", actor="eve")
    assert state.champion is not None
    assert state.previous is not None
    assert (state.champion.version, state.previous.version) == ("1", "2")
    assert (await actions(releases))[:2] == ["rolled_back", "promoted"]


async def test_simultaneous_changes_happen_one_after_the_other(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    for seed in (WORSE, BEST):
        await releases.consider(registered(registry, trainer, seed), actor="ann", promote=True)
    await asyncio.gather(*(releases.rollback("acme", "rents", actor=f"user {at}") for at in range(6)))
    roles = registry.aliases("acme", "rents")
    assert (roles[Alias.CHAMPION], roles[Alias.PREVIOUS]) == ("2", "1")
    assert (await actions(releases)).count("rolled_back") == 6


async def test_simultaneous_promotions_promote_once(
    releases: ReleaseService, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    for seed in (WORSE, BEST):
        await releases.consider(registered(registry, trainer, seed), actor="ann")
    outcomes = await asyncio.gather(
        *(releases.promote("acme", "rents", actor="bob", version="2") for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(outcome, NothingToRelease) for outcome in outcomes) == 2
    assert (await actions(releases)).count("promoted") == 2
    assert registry.aliases("acme", "rents")[Alias.PREVIOUS] == "1"


async def test_somebody_who_holds_on_is_waited_for_and_then_reported(
    database: Database, registry: MemoryModelRegistry
) -> None:
    ledger = RoleLedger(database, registry, patience=timedelta(seconds=0.2))
    async with ledger.holding("acme", "rents"):
        with pytest.raises(ReleaseInProgress) as refusal:
            async with ledger.holding("acme", "rents"):
                pass
    assert refusal.value.retry_after == 5
    async with ledger.holding("acme", "rents"):
        pass


async def test_the_lease_of_a_dead_process_runs_out(
    database: Database, registry: MemoryModelRegistry, trainer: Trainer
) -> None:
    version = registered(registry, trainer, WORSE)
    left = Change(action="promoted", version=version.version, actor="dead", roles={Alias.CHAMPION: version.version})
    async with database.session() as session:
        session.add(
            ReleasePolicy(
                tenant="acme",
                model="rents",
                canary_percent=0,
                shadow=False,
                pending=left.model_dump(mode="json"),
                lease_owner="dead",
                lease_until=utc_now() - timedelta(seconds=1),
            )
        )
    async with RoleLedger(database, registry).holding("acme", "rents"):
        assert registry.aliases("acme", "rents") == {Alias.CHAMPION: "1"}
