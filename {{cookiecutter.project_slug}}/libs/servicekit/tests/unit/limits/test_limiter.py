"""Never more than the limit, all of it for one process, and a stated policy when the storage is down."""

import asyncio
import random

import fakeredis
import pytest
from limits.aio.storage import RedisStorage
from prometheus_client import CollectorRegistry, generate_latest

from servicekit.limits.limit import Limit
from servicekit.limits.limiter import LimiterUnavailable, RateLimiter
from servicekit.limits.metrics import LimiterMetrics


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_020.0

    def __call__(self) -> float:
        return self.now


class FlakyStorage(RedisStorage):
    """A Redis that can be switched off."""

    def __init__(self, server: fakeredis.FakeServer) -> None:
        redis = fakeredis.FakeAsyncRedis(server=server)
        super().__init__("async+redis://", implementation="redispy", connection_pool=redis.connection_pool)
        self.works = True
        self.calls = 0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        self.calls += 1
        if not self.works:
            raise ConnectionError("switched off")
        return await super().incr(key, int(expiry), amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> fakeredis.FakeServer:
    return fakeredis.FakeServer()


def limiter(storage: RedisStorage | None, clock: Clock, *, refuse: bool = False) -> RateLimiter:
    metrics = LimiterMetrics(CollectorRegistry(), "refuse" if refuse else "local")
    return RateLimiter(storage, metrics, refuse_on_failure=refuse, now=clock)


async def granted(limiter: RateLimiter, limit: Limit, calls: int, tenant: str = "acme") -> int:
    return sum([(await limiter.take(tenant, limit)).allowed for _ in range(calls)])


@pytest.mark.parametrize("text", ["1/minute", "3/minute", "19/minute", "100/minute", "1000/hour"])
@pytest.mark.parametrize("shared", [True, False])
async def test_one_process_grants_exactly_the_limit(text: str, shared: bool, server, clock) -> None:
    limit = Limit.parse(text)
    alone = limiter(FlakyStorage(server) if shared else None, clock)

    assert await granted(alone, limit, limit.amount + 50) == limit.amount


@pytest.mark.parametrize("amount", [1, 7, 50, 400])
@pytest.mark.parametrize("seed", range(5))
async def test_processes_together_never_grant_more_than_the_limit(amount: int, seed: int, server, clock) -> None:
    limit = Limit("default", amount, 60)
    fleet = [limiter(FlakyStorage(server), clock) for _ in range(3)]
    chance = random.Random(seed)

    async def use(one: RateLimiter) -> int:
        total = 0
        for _ in range(amount + 20):
            total += (await one.take("acme", limit)).allowed
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        return total

    total = sum(await asyncio.gather(*(use(one) for one in fleet for _ in range(2))))

    assert total == amount  # each of them asks for more than the limit, so all leases are spent


async def test_leases_lost_to_others_are_at_most_a_twentieth(server, clock) -> None:
    limit = Limit("default", 1000, 60)
    idle, busy = limiter(FlakyStorage(server), clock), limiter(FlakyStorage(server), clock)
    await granted(idle, limit, 100)

    assert 1000 - 100 - 50 <= await granted(busy, limit, 2000) <= 900


async def test_a_busy_tenant_costs_few_calls_to_redis(server, clock) -> None:
    storage = FlakyStorage(server)

    assert await granted(limiter(storage, clock), Limit.parse("6000/minute"), 6000) == 6000
    assert storage.calls < 50


async def test_a_small_limit_is_leased_call_by_call(server, clock) -> None:
    storage = FlakyStorage(server)
    await granted(limiter(storage, clock), Limit.parse("10/minute"), 5)

    assert storage.calls == 5


async def test_a_steady_stream_of_calls_goes_on_with_leases_of_the_same_size(server, clock) -> None:
    storage = FlakyStorage(server)
    one = limiter(storage, clock)
    limit = Limit.parse("6000000/minute")
    await granted(one, limit, 1023)

    calls = storage.calls
    for _ in range(600):  # two minutes of a thousand calls a second
        clock.now += 0.2
        await granted(one, limit, 200)

    assert storage.calls - calls < 200


async def test_calls_that_wait_for_a_lease_go_on_together(server, clock) -> None:
    one = limiter(FlakyStorage(server), clock)
    limit = Limit.parse("6000/minute")
    await granted(one, limit, 64)
    waiting = [asyncio.create_task(one.take("acme", limit)) for _ in range(64)]
    turns = 0
    while not all(task.done() for task in waiting):
        await asyncio.sleep(0)
        turns += 1
    assert turns < 32  # one after the other they would take a turn each


async def test_a_call_that_gives_up_waiting_stops_no_other(server, clock) -> None:
    one = limiter(FlakyStorage(server), clock)
    limit = Limit.parse("6000/minute")
    first, second = (asyncio.create_task(one.take("acme", limit)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).allowed


async def test_portions_shrink_again_when_calls_become_rare(server, clock) -> None:
    storage = FlakyStorage(server)
    one = limiter(storage, clock)
    limit = Limit.parse("6000/hour")
    await granted(one, limit, 511)  # 1 + 2 + … + 256, and one more portion of 300 is under way

    calls = storage.calls
    for _ in range(310):
        clock.now += 1
        await granted(one, limit, 1)

    assert storage.calls - calls > 5


async def test_the_next_window_starts_anew(server, clock) -> None:
    limit = Limit.parse("5/minute")
    one = limiter(FlakyStorage(server), clock)
    assert await granted(one, limit, 9) == 5

    clock.now += 60

    assert await granted(one, limit, 9) == 5


async def test_tenants_and_policies_have_budgets_of_their_own(server, clock) -> None:
    one = limiter(FlakyStorage(server), clock)
    default, own = Limit.parse("5/minute"), Limit.parse("2/minute", "orders:train")

    assert [
        await granted(one, default, 9, "acme"),
        await granted(one, default, 9, "globex"),
        await granted(one, own, 9, "acme"),
    ] == [5, 5, 2]


async def test_says_what_is_left_and_when_the_window_ends(server, clock) -> None:
    one = limiter(FlakyStorage(server), clock)
    limit = Limit.parse("2/minute")
    clock.now = 1_000_020.5  # 60 divides 1000020

    first, _, third = [await one.take("acme", limit) for _ in range(3)]

    assert first.headers == ((b"ratelimit-policy", b'"default";q=2;w=60'), (b"ratelimit", b'"default";r=1;t=60'))
    assert not third.allowed
    refusal = third.refusal()
    assert (refusal.status, refusal.code, refusal.headers["Retry-After"]) == (429, "rate_limited", "60")


async def test_without_redis_the_local_policy_counts_in_the_process(server, clock) -> None:
    storage = FlakyStorage(server)
    one = limiter(storage, clock)
    limit = Limit.parse("40/minute")
    assert await granted(one, limit, 10) == 10

    storage.works = False

    assert await granted(one, limit, 100) == 30


async def test_without_redis_the_strict_policy_refuses(server, clock) -> None:
    storage = FlakyStorage(server)
    one = limiter(storage, clock, refuse=True)
    storage.works = False

    with pytest.raises(LimiterUnavailable) as refusal:
        await one.take("acme", Limit.parse("40/minute"))

    assert refusal.value.headers["Retry-After"] == "1"


@pytest.mark.parametrize("refuse", [True, False])
async def test_a_failing_redis_is_left_alone_for_a_while_and_comes_back(refuse: bool, server, clock) -> None:
    storage = FlakyStorage(server)
    registry = CollectorRegistry()
    metrics = LimiterMetrics(registry, "refuse" if refuse else "local")
    one = RateLimiter(storage, metrics, refuse_on_failure=refuse, now=clock)
    limit = Limit.parse("10/minute")
    storage.works = False

    for _ in range(5):
        if refuse:
            with pytest.raises(LimiterUnavailable):
                await one.take("acme", limit)
        else:
            assert (await one.take("acme", limit)).allowed
    assert storage.calls == 1
    policy = "refuse" if refuse else "local"
    assert f'rate_limit_storage_failures_total{{policy="{policy}"}} 1.0' in generate_latest(registry).decode()
    assert "rate_limit_storage_up 0.0" in generate_latest(registry).decode()

    storage.works = True
    clock.now += 1.5

    assert (await one.take("acme", limit)).allowed
    assert storage.calls == 2
    assert "rate_limit_storage_up 1.0" in generate_latest(registry).decode()


async def test_what_was_granted_without_redis_is_counted_there_afterwards(server, clock) -> None:
    storage = FlakyStorage(server)
    cut_off, other = limiter(storage, clock), limiter(FlakyStorage(server), clock)
    limit = Limit.parse("10/minute")
    storage.works = False
    assert await granted(cut_off, limit, 6) == 6

    storage.works = True
    clock.now += 1.5
    await cut_off.take("acme", limit)

    assert await granted(other, limit, 10) == 3


async def test_refusals_are_counted(clock) -> None:
    registry = CollectorRegistry()
    one = RateLimiter(None, LimiterMetrics(registry, "local"), now=clock)
    await granted(one, Limit.parse("2/minute"), 5)

    assert 'rate_limit_refused_total{limit="default"} 3.0' in generate_latest(registry).decode()


async def test_old_windows_are_forgotten(clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servicekit.limits.limiter.MAX_WINDOWS", 10)
    one = limiter(None, clock)
    for minute in range(50):
        clock.now += 60
        await one.take(f"tenant-{minute}", Limit.parse("5/minute"))

    assert len(one._windows) <= 10
