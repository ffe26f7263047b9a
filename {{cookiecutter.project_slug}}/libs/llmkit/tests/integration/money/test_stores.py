"""One contract for every store of budgets: memory, SQLite, PostgreSQL, Redis, and Redis with the database behind it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

import llmkit
from llmkit.call import ModelRef, TokenUsage
from llmkit.money.memory import MemoryBudgetStore
from llmkit.money.metrics import MoneyMetrics
from llmkit.money.ports import BudgetStore, Claim, DayState
from llmkit.money.redis import RedisBudgetStore
from llmkit.money.repository import insert_entries
from llmkit.money.shared import SharedBudgetStore
from llmkit.money.sql import SqlBudgetStore
from llmkit.ports import LedgerEntry
from servicekit.database import Database, upgrade, utc_now, uuid7
from servicekit.database.engine import sqlite_url

MIGRATIONS = Path(llmkit.__file__).parent / "migrations"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = NOON.date()
LIMIT = Decimal(1)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path, migration_locations):
    url = sqlite_url(tmp_path / "money.db")
    await upgrade(url, migration_locations)
    opened = Database(url)
    yield opened
    await opened.dispose()


@pytest.fixture
async def postgres(postgres_url: str, migration_locations):
    await upgrade(postgres_url, migration_locations)
    opened = Database(postgres_url)
    yield opened
    await opened.dispose()


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres), "redis", "shared"],
)
def store(request: pytest.FixtureRequest, clock: Clock) -> BudgetStore:
    match request.param:
        case "memory":
            return MemoryBudgetStore(clock)
        case "sqlite":
            return SqlBudgetStore(request.getfixturevalue("database"), now=clock)
        case "postgresql":
            return SqlBudgetStore(request.getfixturevalue("postgres"), now=clock)
        case "redis":
            sql = SqlBudgetStore(request.getfixturevalue("database"), now=clock)
            return RedisBudgetStore(request.getfixturevalue("redis"), sql.spent, now=clock)
    return shared(request.getfixturevalue("redis"), request.getfixturevalue("database"), clock)


def shared(redis: Redis, database: Database, now: Clock, **options: object) -> SharedBudgetStore:
    sql = SqlBudgetStore(database, follow_ledger=True, now=now)
    metrics = MoneyMetrics(CollectorRegistry())
    return SharedBudgetStore(RedisBudgetStore(redis, sql.spent, now=now), sql, metrics, **options)


def claim(amount: str, tenant: str = "acme", now: datetime = NOON) -> Claim:
    return Claim(uuid7(), tenant, now.date(), Decimal(amount), now + timedelta(seconds=600))


async def book(database: Database, cost: str, tenant: str = "acme") -> None:
    """Write to the usage ledger, as other processes do."""
    usage = TokenUsage(1, 1)
    entry = LedgerEntry(uuid7(), NOON, tenant, "p", ModelRef("openai", "m"), usage, Decimal(cost), "ok")
    async with database.session() as session:
        await insert_entries(session, [entry])


async def test_reserving_and_settling_are_counted(store: BudgetStore) -> None:
    first = claim("0.6")
    assert (await store.reserve(first, LIMIT)).state == DayState(Decimal(0), Decimal("0.6"))
    refused = await store.reserve(claim("0.5"), LIMIT)
    assert not refused.granted
    assert refused.state == DayState(Decimal(0), Decimal("0.6"))
    assert await store.settle(first, Decimal("0.25")) == DayState(Decimal("0.25"), Decimal(0))
    assert (await store.reserve(claim("0.75"), LIMIT)).granted
    assert await store.state("acme", DAY) == DayState(Decimal("0.25"), Decimal("0.75"))


async def test_the_whole_limit_may_be_used_and_not_a_unit_more(store: BudgetStore) -> None:
    assert (await store.reserve(claim("1"), LIMIT)).granted
    assert not (await store.reserve(claim("0.000000000001"), LIMIT)).granted


async def test_small_and_large_amounts_are_exact(store: BudgetStore) -> None:
    limit = Decimal(1_000_000)
    for amount in ("0.000000000003", "999998.123456789012"):
        made = claim(amount)
        assert (await store.reserve(made, limit)).granted
        await store.settle(made, made.amount)
    assert (await store.state("acme", DAY)).spent == Decimal("999998.123456789015")


async def test_tenants_and_days_are_counted_apart(store: BudgetStore) -> None:
    assert (await store.reserve(claim("1"), LIMIT)).granted
    assert (await store.reserve(claim("1", tenant="globex"), LIMIT)).granted
    assert (await store.reserve(claim("1", now=NOON + timedelta(days=1)), LIMIT)).granted


async def test_expired_reservations_are_free_again_and_once_only(store: BudgetStore, clock: Clock) -> None:
    left = claim("0.6")
    await store.reserve(left, LIMIT)
    clock.now = NOON + timedelta(seconds=601)
    fresh = [claim("0.5", now=clock.now) for _ in range(2)]
    assert [(await store.reserve(one, LIMIT)).granted for one in fresh] == [True, True]
    # the slow call ends after all: what it cost counts, and nothing is freed a second time
    assert await store.settle(left, Decimal("0.1")) == DayState(Decimal("0.1"), Decimal(1))


async def test_twenty_calls_at_once_at_the_edge_stay_within_the_limit(store: BudgetStore) -> None:
    spent = claim("0.9")
    await store.reserve(spent, LIMIT)
    await store.settle(spent, spent.amount)
    claims = [claim("0.04") for _ in range(20)]

    decisions = await asyncio.gather(*(store.reserve(one, LIMIT) for one in claims))

    granted = [one for one, decision in zip(claims, decisions, strict=True) if decision.granted]
    assert len(granted) == 2
    await asyncio.gather(*(store.settle(one, one.amount) for one in granted))
    assert await store.state("acme", DAY) == DayState(Decimal("0.98"), Decimal(0))


async def test_many_calls_at_once_lose_no_cost(store: BudgetStore) -> None:
    async def call() -> None:
        made = claim("0.02")
        assert (await store.reserve(made, LIMIT)).granted
        await store.settle(made, Decimal("0.01"))

    await asyncio.gather(*(call() for _ in range(30)))
    assert await store.state("acme", DAY) == DayState(Decimal("0.3"), Decimal(0))


async def test_expired_reservations_of_all_tenants_are_swept(either_database: Database, clock: Clock) -> None:
    store = SqlBudgetStore(either_database, now=clock)
    for tenant in ("acme", "globex"):
        await store.reserve(claim("0.5", tenant), LIMIT)
    clock.now = NOON + timedelta(seconds=601)
    await asyncio.gather(store.sweep(), store.sweep())
    for tenant in ("acme", "globex"):
        assert (await store.state(tenant, DAY)).reserved == 0


async def test_of_many_who_would_alert_one_is_the_first(either_database: Database) -> None:
    store = SqlBudgetStore(either_database)
    answers = await asyncio.gather(*(store.mark_alerted("acme", DAY) for _ in range(5)))
    assert sorted(answers) == [False, False, False, False, True]


OTHER_PROCESS = """
import asyncio, sys
from datetime import date, datetime, timedelta, UTC
from decimal import Decimal
from llmkit.money.ports import Claim
from llmkit.money.sql import SqlBudgetStore
from servicekit.database import Database, uuid7

async def main(url):
    database = Database(url)
    store = SqlBudgetStore(database)
    expiry = datetime.now(UTC) + timedelta(hours=1)
    claims = [Claim(uuid7(), "acme", date(2026, 11, 20), Decimal("0.04"), expiry) for _ in range(20)]
    print("ready", flush=True)
    sys.stdin.readline()
    decisions = await asyncio.gather(*(store.reserve(claim, Decimal(1)) for claim in claims))
    print(sum(decision.granted for decision in decisions), flush=True)
    await database.dispose()

asyncio.run(main(sys.argv[1]))
"""


async def test_several_processes_share_one_limit(either_database: Database) -> None:
    store = SqlBudgetStore(either_database)
    expiry = utc_now() + timedelta(hours=1)
    claims = [Claim(uuid7(), "acme", DAY, Decimal("0.04"), expiry) for _ in range(20)]
    command = [sys.executable, "-c", OTHER_PROCESS, either_database.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:  # noqa: ASYNC220
        try:
            assert await asyncio.to_thread(other.stdout.readline) == "ready\n"
            other.stdin.write("go\n")
            other.stdin.flush()
            decisions = await asyncio.gather(*(store.reserve(one, LIMIT) for one in claims))
            granted_there = int(await asyncio.to_thread(other.stdout.readline))
        finally:
            other.kill()
    assert granted_there + sum(decision.granted for decision in decisions) == 25
    assert (await store.state("acme", DAY)).reserved == LIMIT


class BrokenRedis:
    """Stands before a Redis and can take it away."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.away = False

    def register_script(self, text: str) -> Callable[..., object]:
        script = self.redis.register_script(text)

        async def run(**arguments: object) -> object:
            self.check()
            return await script(**arguments)

        return run

    async def hmget(self, *arguments: object) -> object:
        self.check()
        return await self.redis.hmget(*arguments)

    def check(self) -> None:
        if self.away:
            raise RedisConnectionError("away")


@dataclass
class Seconds:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


async def test_redis_that_forgot_everything_learns_from_the_ledger(redis, database, clock) -> None:
    store = shared(redis, database, clock)
    held = claim("0.1")
    assert (await store.reserve(held, LIMIT)).granted
    await book(database, "0.95")
    await redis.flushall()
    assert not (await store.reserve(claim("0.1"), LIMIT)).granted
    await redis.flushall()
    assert (await store.settle(held, Decimal("0.02"))).spent == Decimal("0.97")


async def test_without_redis_the_database_counts_on_from_the_ledger(redis, database, clock) -> None:
    broken, seconds = BrokenRedis(redis), Seconds()
    store = shared(broken, database, clock, clock=seconds)
    made = claim("0.5")
    await store.reserve(made, LIMIT)
    await store.settle(made, made.amount)
    await book(database, "0.5")

    broken.away = True
    assert not (await store.reserve(claim("0.6"), LIMIT)).granted
    in_the_outage = claim("0.3")
    assert (await store.reserve(in_the_outage, LIMIT)).granted
    assert (await store.state("acme", DAY)).reserved == Decimal("0.3")
    assert not (await store.reserve(claim("0.3"), LIMIT)).granted

    broken.away = False
    seconds.now += 2
    await store.settle(in_the_outage, in_the_outage.amount)
    assert (await store.state("acme", DAY)).spent == Decimal("0.8")
    assert not (await store.reserve(claim("0.3"), LIMIT)).granted
    assert await SqlBudgetStore(database).state("acme", DAY) == DayState(Decimal("0.8"), Decimal(0))


async def test_a_call_reserved_in_redis_is_settled_in_the_database_when_redis_goes(redis, database, clock) -> None:
    broken = BrokenRedis(redis)
    store = shared(broken, database, clock)
    made = claim("0.5")
    await store.reserve(made, LIMIT)
    broken.away = True
    assert (await store.settle(made, Decimal("0.4"))).spent == Decimal("0.4")
    assert (await store.state("acme", DAY)).spent == Decimal("0.4")


async def test_redis_rests_after_a_failure(redis, database, clock) -> None:
    broken, seconds = BrokenRedis(redis), Seconds()
    broken.away = True
    store = shared(broken, database, clock, clock=seconds)
    await store.reserve(claim("0.1"), LIMIT)
    broken.away = False
    await store.reserve(claim("0.1"), LIMIT)
    assert (await SqlBudgetStore(database).state("acme", DAY)).reserved == Decimal("0.2")
    seconds.now += 1.5
    await store.reserve(claim("0.1"), LIMIT)
    assert (await SqlBudgetStore(database).state("acme", DAY)).reserved == Decimal("0.2")


async def test_without_redis_the_database_tells_what_is_counted(redis, database, clock) -> None:
    broken = BrokenRedis(redis)
    store = shared(broken, database, clock)
    await store.reserve(claim("0.2"), LIMIT)
    broken.away = True
    await SqlBudgetStore(database, now=clock).reserve(claim("0.3"), LIMIT)
    assert (await store.state("acme", DAY)).reserved == Decimal("0.3")


async def test_alerts_and_leftovers_are_kept_in_the_database(redis, database, clock) -> None:
    broken = BrokenRedis(redis)
    broken.away = True
    store = shared(broken, database, clock)
    assert [await store.mark_alerted("acme", DAY) for _ in range(2)] == [True, False]
    await store.reserve(claim("0.3"), LIMIT)
    clock.now = NOON + timedelta(seconds=601)
    await store.sweep()
    assert (await store.state("acme", DAY)).reserved == 0


async def test_a_call_of_an_outage_is_settled_although_the_database_is_away_by_now(redis, tmp_path, clock) -> None:
    class Going(SqlBudgetStore):
        gone = False

        async def settle(self, claim: Claim, cost: Decimal) -> DayState:
            if self.gone:
                raise ConnectionError("away")
            return await super().settle(claim, cost)

    url = sqlite_url(tmp_path / "going.db")
    await upgrade(url, [MIGRATIONS])
    opened = Database(url)
    sql, broken, seconds = Going(opened, follow_ledger=True, now=clock), BrokenRedis(redis), Seconds()
    counted = RedisBudgetStore(broken, sql.spent, now=clock)
    store = SharedBudgetStore(counted, sql, MoneyMetrics(CollectorRegistry()), clock=seconds)
    broken.away = True
    made = claim("0.3")
    await store.reserve(made, LIMIT)
    broken.away, sql.gone = False, True
    seconds.now += 2
    assert (await store.settle(made, Decimal("0.2"))).spent == Decimal("0.2")
    await opened.dispose()


async def test_ids_are_those_of_the_claims(redis, database, clock) -> None:
    store = RedisBudgetStore(redis, SqlBudgetStore(database).spent, now=clock)
    made = claim("0.1")
    await store.reserve(made, LIMIT)
    [key] = await redis.keys("llm:budget:*")
    fields = {field.decode() for field in await redis.hkeys(key)}
    assert fields == {"spent", "reserved", f"r:{made.id}"}
    assert isinstance(made.id, UUID)
    assert await redis.ttl(key) > 24 * 3600
