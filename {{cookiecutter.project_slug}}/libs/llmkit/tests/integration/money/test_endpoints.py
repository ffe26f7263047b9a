import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from llmkit.call import Call, ModelRef, TokenUsage
from llmkit.errors import ModelsStopped
from llmkit.money import Money, MoneySettings, build_money
from llmkit.money.endpoints import router
from llmkit.money.models import Usage
from llmkit.ports import LedgerEntry
from servicekit.app import create_app
from servicekit.database import utc_now, uuid7
from servicekit.kit import Kit

TODAY = utc_now()
YESTERDAY = TODAY - timedelta(days=1)
MINI, LOCAL = ModelRef("openai", "gpt-5-mini"), ModelRef.parse("offline")


@pytest.fixture
def money(kit: Kit) -> Money:
    return build_money(MoneySettings(), database=kit.database, redis=None, registry=kit.metrics)


@pytest.fixture
def app(kit: Kit, money: Money) -> FastAPI:
    made = create_app(kit, title="test", routers=[router], lifespan=money.running)
    made.state.money = money
    return made


async def record(money: Money, tenant: str = "acme", **changes: object) -> None:
    values = {"at": TODAY, "purpose": "rag.answer", "model": MINI, "cost_usd": Decimal("0.25"), "outcome": "ok"}
    values |= {"usage": TokenUsage(input=100, output=20, cached_input=40), "seconds": 0.5} | changes
    await money.ledger.record(LedgerEntry(id=uuid7(), tenant=tenant, **values))


@pytest.fixture
async def usage(money: Money) -> None:
    await record(money)
    await record(money, at=YESTERDAY, purpose="rag.condense", usage=TokenUsage(1, 1, estimated=True))
    await record(money, outcome="cached", cost_usd=Decimal(0), usage=TokenUsage(0, 0))
    await record(money, model=LOCAL, outcome="model_timed_out", cost_usd=Decimal(0), usage=TokenUsage(5, 0))
    await record(money, tenant="globex", cost_usd=Decimal(7))


async def test_usage_is_summed_by_day(client, usage, make_client) -> None:
    mine = await make_client("acme", {"usage:read"})
    report = (await mine.get("/v1/usage")).json()
    days = [str(YESTERDAY.date()), str(TODAY.date())]
    assert [(item["day"], item["calls"], Decimal(item["cost_usd"])) for item in report["items"]] == [
        (days[0], 1, Decimal("0.25")),
        (days[1], 3, Decimal("0.25")),
    ]
    assert report["total"] | {"cost_usd": Decimal(report["total"]["cost_usd"])} == {
        "day": None, "tenant": None, "provider": None, "model": None, "purpose": None,
        "calls": 4, "cached": 1, "failed": 1, "input_tokens": 106, "cached_input_tokens": 40, "output_tokens": 21,
        "estimated_calls": 1, "cost_usd": Decimal("0.5"), "seconds": 2.0,
    }  # fmt: skip


async def test_usage_is_summed_by_any_groups(usage, make_client) -> None:
    mine = await make_client("acme", {"usage:read"})
    by_model = (await mine.get("/v1/usage?by=model")).json()
    assert [
        (item["provider"], item["model"], item["calls"], Decimal(item["cost_usd"])) for item in by_model["items"]
    ] == [
        ("offline", "offline", 1, Decimal(0)),
        ("openai", "gpt-5-mini", 3, Decimal("0.5")),
    ]
    both = (await mine.get("/v1/usage?by=purpose,tenant,purpose")).json()
    assert both["by"] == ["purpose", "tenant"]
    assert [(item["purpose"], item["tenant"], item["day"]) for item in both["items"]] == [
        ("rag.answer", "acme", None),
        ("rag.condense", "acme", None),
    ]


async def test_only_a_key_for_all_usage_sees_other_tenants(usage, make_client) -> None:
    mine = await make_client("acme", {"usage:read"})
    everything = await make_client("acme", {"usage:read", "usage:all"})
    assert [item["tenant"] for item in (await mine.get("/v1/usage?by=tenant")).json()["items"]] == ["acme"]
    assert [item["tenant"] for item in (await everything.get("/v1/usage?by=tenant")).json()["items"]] == [
        "acme",
        "globex",
    ]


async def test_the_period_has_a_first_and_a_last_day(usage, make_client) -> None:
    mine = await make_client("acme", {"usage:read"})
    day = str(YESTERDAY.date())
    report = (await mine.get(f"/v1/usage?since={day}&until={day}")).json()
    assert (report["since"], report["until"], report["total"]["calls"]) == (day, day, 1)
    empty = (await mine.get("/v1/usage?until=0001-01-01")).json()
    assert (empty["since"], empty["items"], empty["total"]["calls"]) == ("0001-01-01", [], 0)


@pytest.mark.parametrize("query", ["by=colour", "by=day,", "since=0", "since=2026-02-30", "until=2026-11-20T10:00:00Z"])
async def test_questions_that_make_no_sense_are_refused(client, query: str) -> None:
    answer = await client.get(f"/v1/usage?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_the_budget_of_the_day_is_shown(client, money: Money) -> None:
    held = await money.budget.reserve(Call(tenant="acme", purpose="p"), Decimal("0.5"))
    await money.budget.settle(held, Decimal("0.125"))
    budget = (await client.get("/v1/usage")).json()["budget"]
    assert budget["day"] == str(datetime.now(UTC).date())
    assert {name: Decimal(budget[name]) for name in ("limit_usd", "spent_usd", "reserved_usd")} == {
        "limit_usd": Decimal(10),
        "spent_usd": Decimal("0.125"),
        "reserved_usd": Decimal(0),
    }


async def test_models_are_stopped_and_started_over_http(client, money: Money) -> None:
    assert (await client.get("/v1/models/stop")).json()["stopped"] is False
    stopped = (await client.put("/v1/models/stop", json={"stopped": True, "reason": "costs"})).json()
    assert (stopped["stopped"], stopped["reason"]) == (True, "costs")
    assert stopped["actor"]
    assert (await client.get("/v1/models/stop")).json() == stopped
    with pytest.raises(ModelsStopped):
        await money.budget.reserve(Call(tenant="globex", purpose="p"), Decimal(0))
    await client.put("/v1/models/stop", json={"stopped": False, "reason": "fixed"})
    await money.budget.reserve(Call(tenant="globex", purpose="p"), Decimal(0))


@pytest.mark.parametrize(
    "body", [{"stopped": "yes", "reason": "r"}, {"stopped": True}, {"stopped": True, "reason": ""}]
)
async def test_a_stop_needs_a_position_and_a_reason(client, body: dict) -> None:
    assert (await client.put("/v1/models/stop", json=body)).status_code == 422


async def test_each_route_wants_its_scope(make_client, anonymous_client) -> None:
    reader = await make_client("acme", {"usage:read"})
    writer = await make_client("acme", {"usage:write"})
    assert (await anonymous_client.get("/v1/usage")).status_code == 401
    assert (await writer.get("/v1/usage")).status_code == 403
    assert (await writer.get("/v1/models/stop")).status_code == 403
    assert (await reader.put("/v1/models/stop", json={"stopped": True, "reason": "r"})).status_code == 403


async def test_old_usage_and_budgets_are_forgotten(kit: Kit) -> None:
    money = build_money(MoneySettings(retention_days=2), database=kit.database, redis=None, registry=kit.metrics)
    await record(money, at=TODAY - timedelta(days=3))
    await record(money, at=YESTERDAY)
    await money.ledger.flush(5)
    async with money.running(), asyncio.timeout(5):
        while await booked(money) != 1:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


async def booked(money: Money) -> int:
    async with money.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Usage)) or 0


async def test_with_redis_budgets_are_counted_there(kit: Kit, redis) -> None:
    money = build_money(MoneySettings(), database=kit.database, redis=redis, registry=kit.metrics)
    async with money.running([MINI]):
        await money.budget.reserve(Call(tenant="acme", purpose="p"), Decimal("0.5"))
        assert await redis.keys("llm:budget:*")
