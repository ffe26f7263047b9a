import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from llmkit.errors import ModelsStopped
from llmkit.money.metrics import MoneyMetrics
from llmkit.money.stop import FRESH_SECONDS, StopSwitch
from servicekit.database import Database


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


async def test_a_switch_that_was_never_used_is_off(either_database: Database) -> None:
    switch = StopSwitch(either_database, MoneyMetrics(CollectorRegistry()))
    await switch.check()
    assert not (await switch.refresh()).stopped


async def test_other_processes_stop_within_seconds_and_go_on_again(either_database: Database, seconds) -> None:
    registry = CollectorRegistry()
    here = StopSwitch(either_database, MoneyMetrics(CollectorRegistry()))
    there = StopSwitch(either_database, MoneyMetrics(registry), clock=seconds)
    await there.check()

    await here.turn(stopped=True, reason="runaway costs", actor="key-1", tenant="acme")
    with pytest.raises(ModelsStopped, match="runaway costs"):
        await here.check()
    await there.check()  # believes what it knows for a moment
    seconds.now += FRESH_SECONDS
    with pytest.raises(ModelsStopped, match="runaway costs"):
        await there.check()
    assert registry.get_sample_value("llm_models_stopped") == 1
    assert registry.get_sample_value("llm_budget_refused_total", {"limit": "stopped"}) == 1

    await here.turn(stopped=False, reason="fixed", actor="key-2", tenant="acme")
    seconds.now += FRESH_SECONDS
    await there.check()
    assert registry.get_sample_value("llm_models_stopped") == 0


async def test_it_is_recorded_who_switched_and_why(database: Database) -> None:
    switch = StopSwitch(database, MoneyMetrics(CollectorRegistry()))
    with capture_logs() as logs:
        await switch.turn(stopped=True, reason="audit", actor="key-1", tenant="acme")
    state = await switch.refresh()
    assert (state.stopped, state.reason, state.actor) == (True, "audit", "key-1")
    assert state.changed_at is not None
    assert [(line["event"], line["actor"], line["reason"]) for line in logs] == [("models_stopped", "key-1", "audit")]


async def test_while_the_database_is_away_the_last_position_holds(settings, database: Database, seconds) -> None:
    switch = StopSwitch(database, MoneyMetrics(CollectorRegistry()), clock=seconds)
    await switch.turn(stopped=True, reason="audit", actor="key-1", tenant="acme")
    await database.dispose()
    path = settings.data_dir / f"{settings.service_name}.db"
    path.unlink()
    path.mkdir()
    seconds.now += FRESH_SECONDS
    with capture_logs() as logs, pytest.raises(ModelsStopped):
        await switch.check()
    assert [line["event"] for line in logs] == ["stop_switch_unknown"]
