import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from llmkit.call import Call
from llmkit.errors import BudgetExceeded, ModelsStopped
from llmkit.money import MoneySettings
from llmkit.money.budget import TenantBudget
from llmkit.money.memory import MemoryBudgetStore
from llmkit.money.metrics import MAX_TENANTS, MoneyMetrics
from llmkit.money.ports import Claim, DayState, Decision
from llmkit.ports import Reservation
from servicekit.database.errors import DatabaseUnavailable

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALL = Call(tenant="acme", purpose="rag.answer")


class Open:
    """A stop switch that is off."""

    async def check(self) -> None:
        return


class Stopped:
    async def check(self) -> None:
        raise ModelsStopped("All models are switched off: maintenance")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class FlakyStore(MemoryBudgetStore):
    """Fails as a database does that is away, or answers late."""

    away = False
    alerts_away = False
    gate: asyncio.Event | None = None

    async def reserve(self, claim: Claim, limit: Decimal) -> Decision:
        self._fail()
        if self.gate is not None:
            await self.gate.wait()
        return await super().reserve(claim, limit)

    async def settle(self, claim: Claim, cost: Decimal) -> DayState:
        self._fail()
        return await super().settle(claim, cost)

    async def mark_alerted(self, tenant: str, day: date) -> bool:
        if self.alerts_away:
            raise OperationalError("", None, Exception("away"))
        return await super().mark_alerted(tenant, day)

    def _fail(self) -> None:
        if self.away:
            raise OperationalError("", None, Exception("away"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def store(clock: Clock) -> FlakyStore:
    return FlakyStore(clock)


def make(store: FlakyStore, clock: Clock, registry: CollectorRegistry, stop=None, **settings: object) -> TenantBudget:
    chosen = MoneySettings(**({"tenant_daily_usd": 1, "request_usd": 1} | settings))
    return TenantBudget(chosen, store, stop or Open(), MoneyMetrics(registry), now=clock, clock=clock.seconds)


@pytest.fixture
def budget(store: FlakyStore, clock: Clock, registry: CollectorRegistry) -> TenantBudget:
    return make(store, clock, registry)


async def spent(budget: TenantBudget) -> Decimal:
    return (await budget.state("acme"))[1].spent


async def reserved(budget: TenantBudget) -> Decimal:
    return (await budget.state("acme"))[1].reserved


async def test_what_is_reserved_is_replaced_by_what_it_cost(budget: TenantBudget) -> None:
    held = await budget.reserve(CALL, Decimal("0.6"))
    assert (await spent(budget), await reserved(budget)) == (0, Decimal("0.6"))
    await budget.settle(held, Decimal("0.25"))
    assert (await spent(budget), await reserved(budget)) == (Decimal("0.25"), 0)


async def test_money_set_aside_is_not_there_for_others(budget: TenantBudget) -> None:
    await budget.reserve(CALL, Decimal("0.6"))
    with pytest.raises(BudgetExceeded, match=r"may cost \$0\.5\..*today's \$1.*\$0\.6 set aside") as caught:
        await budget.reserve(CALL, Decimal("0.5"))
    assert caught.value.retry_after == 12 * 3600


async def test_a_call_that_was_not_made_costs_nothing(budget: TenantBudget) -> None:
    for _ in range(5):
        await budget.settle(await budget.reserve(CALL, Decimal(1)), Decimal(0))
    assert await spent(budget) == 0


async def test_twenty_calls_at_once_never_pass_the_limit(budget: TenantBudget) -> None:
    calls = [budget.reserve(CALL, Decimal("0.3")) for _ in range(20)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, BudgetExceeded) for outcome in outcomes) == 17


async def test_tenants_do_not_share_their_budgets(budget: TenantBudget) -> None:
    await budget.reserve(CALL, Decimal(1))
    await budget.reserve(Call(tenant="globex", purpose="p"), Decimal(1))


async def test_a_tenant_may_have_a_limit_of_its_own(store, clock, registry) -> None:
    budget = make(store, clock, registry, tenant_limits="acme=0.1")
    with pytest.raises(BudgetExceeded):
        await budget.reserve(CALL, Decimal("0.2"))
    await budget.reserve(Call(tenant="globex", purpose="p"), Decimal("0.2"))


async def test_a_new_day_has_a_new_budget_and_old_calls_are_booked_on_their_own(budget, clock) -> None:
    held = await budget.reserve(CALL, Decimal(1))
    clock.forward(hours=12)
    await budget.reserve(CALL, Decimal(1))
    await budget.settle(held, Decimal("0.9"))
    assert await spent(budget) == 0


async def test_the_calls_of_a_request_share_its_limit(store, clock, registry) -> None:
    budget = make(store, clock, registry, tenant_daily_usd=100)
    call = Call(tenant="acme", purpose="p", request_id="r1")
    first = await budget.reserve(call, Decimal("0.7"))
    with pytest.raises(BudgetExceeded, match="a request may spend") as caught:
        await budget.reserve(call, Decimal("0.5"))
    assert "MONEY__REQUEST_USD" in str(caught.value.hint)
    await budget.reserve(Call(tenant="globex", purpose="p", request_id="r1"), Decimal("0.5"))
    await budget.settle(first, Decimal("0.4"))
    await budget.reserve(call, Decimal("0.5"))


async def test_a_request_id_used_again_later_has_a_new_limit(store, clock, registry) -> None:
    budget = make(store, clock, registry, tenant_daily_usd=100)
    call = Call(tenant="acme", purpose="p", request_id="constant")
    await budget.settle(await budget.reserve(call, Decimal(1)), Decimal(1))
    clock.forward(minutes=11)
    await budget.reserve(call, Decimal(1))


async def test_a_refused_call_leaves_its_request_as_it_was(store, clock, registry) -> None:
    budget = make(store, clock, registry, tenant_daily_usd="0.5")
    call = Call(tenant="acme", purpose="p", request_id="r1")
    with pytest.raises(BudgetExceeded, match="today's"):
        await budget.reserve(call, Decimal("0.9"))
    await budget.reserve(call, Decimal("0.5"))


async def test_a_call_alone_may_not_cost_more_than_a_request(budget: TenantBudget, registry) -> None:
    with pytest.raises(BudgetExceeded, match="a request may spend"):
        await budget.reserve(CALL, Decimal("1.01"))
    assert registry.get_sample_value("llm_budget_refused_total", {"limit": "request"}) == 1


async def test_free_calls_pass_a_budget_that_is_used_up(budget: TenantBudget, store) -> None:
    await budget.settle(await budget.reserve(CALL, Decimal(1)), Decimal(1))
    store.away = True
    await budget.settle(await budget.reserve(CALL, Decimal(0)), Decimal(0))


async def test_a_free_call_that_cost_something_is_booked(budget: TenantBudget) -> None:
    await budget.settle(await budget.reserve(CALL, Decimal(0)), Decimal("0.2"))
    assert await spent(budget) == Decimal("0.2")


async def test_nothing_is_reserved_while_models_are_stopped(store, clock, registry) -> None:
    with pytest.raises(ModelsStopped):
        await make(store, clock, registry, Stopped()).reserve(CALL, Decimal(0))


async def test_reservations_that_nobody_settles_expire(budget: TenantBudget, clock) -> None:
    await budget.reserve(CALL, Decimal(1))
    clock.forward(seconds=601)
    await budget.reserve(CALL, Decimal(1))


async def test_nothing_is_spent_while_nobody_can_count(budget: TenantBudget, store) -> None:
    store.away = True
    with pytest.raises(DatabaseUnavailable):
        await budget.reserve(CALL, Decimal("0.5"))


@pytest.mark.parametrize("end", ["refresh", "close"])
async def test_a_settlement_that_fails_is_made_later(budget: TenantBudget, store, end: str) -> None:
    held = await budget.reserve(CALL, Decimal("0.5"))
    store.away = True
    await budget.settle(held, Decimal("0.4"))
    store.away = False
    assert await spent(budget) == 0
    await getattr(budget, end)()
    assert (await spent(budget), await reserved(budget)) == (Decimal("0.4"), 0)


async def test_a_caller_that_goes_away_while_reserving_leaves_nothing_set_aside(budget, store) -> None:
    store.gate = asyncio.Event()
    asking = asyncio.create_task(budget.reserve(CALL, Decimal(1)))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    store.gate.set()
    await asyncio.sleep(0.01)
    await budget.close()
    assert await reserved(budget) == 0


async def test_a_caller_that_goes_away_while_settling_is_charged(budget: TenantBudget) -> None:
    held = await budget.reserve(CALL, Decimal(1))
    settling = asyncio.create_task(budget.settle(held, Decimal("0.3")))
    await asyncio.sleep(0)
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    await budget.close()
    assert await spent(budget) == Decimal("0.3")


async def test_the_alert_is_given_once_a_day_from_its_share_on(budget: TenantBudget, registry, clock) -> None:
    with capture_logs() as logs:
        for cost in ("0.7", "0.1", "0.1"):
            await budget.settle(await budget.reserve(CALL, Decimal(cost)), Decimal(cost))
        alerts = [line for line in logs if line["event"] == "budget_alert"]
        assert [(line["tenant"], line["spent_usd"], line["limit_usd"]) for line in alerts] == [("acme", "0.8", "1")]
        clock.forward(days=1)
        await budget.settle(await budget.reserve(CALL, Decimal("0.9")), Decimal("0.9"))
    assert [line["event"] for line in logs].count("budget_alert") == 2
    assert registry.get_sample_value("llm_budget_alerts_total") == 2


async def test_two_processes_give_one_alert(store, clock, registry) -> None:
    one, two = make(store, clock, registry), make(store, clock, CollectorRegistry())
    with capture_logs() as logs:
        await one.settle(await one.reserve(CALL, Decimal("0.8")), Decimal("0.8"))
        await two.settle(await two.reserve(CALL, Decimal("0.1")), Decimal("0.1"))
    assert [line["event"] for line in logs].count("budget_alert") == 1


async def test_a_refusal_near_the_limit_gives_the_alert_too(budget: TenantBudget, registry) -> None:
    await budget.reserve(CALL, Decimal("0.9"))
    with pytest.raises(BudgetExceeded):
        await budget.reserve(CALL, Decimal("0.5"))
    assert registry.get_sample_value("llm_budget_alerts_total") == 1


async def test_metrics_show_the_shares_of_a_day(budget: TenantBudget, registry, clock) -> None:
    await budget.settle(await budget.reserve(CALL, Decimal("0.5")), Decimal("0.25"))
    await budget.reserve(CALL, Decimal("0.1"))
    of_acme = {"tenant": "acme"}
    assert registry.get_sample_value("llm_budget_spent_ratio", of_acme) == 0.25
    assert registry.get_sample_value("llm_budget_reserved_ratio", of_acme) == pytest.approx(0.1)
    clock.forward(days=1)
    await budget.reserve(Call(tenant="globex", purpose="p"), Decimal("0.1"))
    assert registry.get_sample_value("llm_budget_spent_ratio", of_acme) is None


async def test_metrics_follow_what_other_processes_spend(store, clock, registry) -> None:
    one, two = make(store, clock, registry), make(store, clock, CollectorRegistry())
    await one.settle(await one.reserve(CALL, Decimal("0.1")), Decimal("0.1"))
    await two.settle(await two.reserve(CALL, Decimal("0.5")), Decimal("0.5"))
    await one.refresh()
    assert registry.get_sample_value("llm_budget_spent_ratio", {"tenant": "acme"}) == pytest.approx(0.6)


def test_metrics_hold_a_bounded_number_of_tenants(registry) -> None:
    metrics = MoneyMetrics(registry)
    for number in range(5 * MAX_TENANTS):
        metrics.show(f"t{number}", NOON.date(), DayState(Decimal(number)), Decimal(1000))
    shown = [s for family in registry.collect() if family.name == "llm_budget_spent_ratio" for s in family.samples]
    assert len(shown) == MAX_TENANTS
    assert shown[0].labels == {"tenant": f"t{5 * MAX_TENANTS - 1}"}


async def test_only_its_own_reservations_can_be_settled(budget: TenantBudget) -> None:
    with pytest.raises(TypeError):
        await budget.settle(Reservation(uuid4(), "acme", Decimal(1)), Decimal(1))


async def test_the_alert_is_given_later_when_the_database_is_away(budget: TenantBudget, store, registry) -> None:
    held = await budget.reserve(CALL, Decimal("0.9"))
    store.alerts_away = True
    await budget.settle(held, Decimal("0.9"))
    assert registry.get_sample_value("llm_budget_alerts_total") == 0
    store.alerts_away = False
    await budget.settle(await budget.reserve(CALL, Decimal("0.05")), Decimal("0.05"))
    assert registry.get_sample_value("llm_budget_alerts_total") == 1
