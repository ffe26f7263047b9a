"""Both breakers open, rest, let one probe through and close alike."""

import asyncio

import fakeredis
import pytest
from fakeredis import FakeAsyncRedis

from llmkit.breaker import MemoryBreaker, RedisBreaker
from llmkit.call import ModelRef
from llmkit.ports import Breaker

MODEL = ModelRef("openai", "a")
OTHER = ModelRef("openai", "b")
SECONDS = 0.2


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told() -> list[tuple[str, bool]]:
    return []


@pytest.fixture(params=["memory", "redis"])
def breaker(request: pytest.FixtureRequest, redis: FakeAsyncRedis, told: list[tuple[str, bool]]) -> Breaker:
    def notify(model: ModelRef, is_open: bool) -> None:
        told.append((model.name, is_open))

    if request.param == "memory":
        return MemoryBreaker(failures=2, seconds=SECONDS, notify=notify)
    return RedisBreaker(redis, failures=2, seconds=SECONDS, notify=notify)


async def fail(breaker: Breaker, times: int, model: ModelRef = MODEL) -> None:
    for _ in range(times):
        await breaker.failed(model)


async def rest() -> None:
    await asyncio.sleep(SECONDS + 0.05)


async def test_failures_in_a_row_open_the_circuit_of_that_model(breaker: Breaker) -> None:
    await fail(breaker, 1)
    assert await breaker.allow(MODEL)
    await fail(breaker, 1)
    assert not await breaker.allow(MODEL)
    assert await breaker.allow(OTHER)


async def test_a_success_in_between_starts_the_count_again(breaker: Breaker) -> None:
    for _ in range(3):
        await fail(breaker, 1)
        await breaker.succeeded(MODEL)
    assert await breaker.allow(MODEL)


async def test_after_a_rest_one_call_may_try(breaker: Breaker) -> None:
    await fail(breaker, 2)
    await rest()
    assert [await breaker.allow(MODEL) for _ in range(4)] == [True, False, False, False]
    await breaker.succeeded(MODEL)
    assert [await breaker.allow(MODEL) for _ in range(4)] == [True] * 4


async def test_a_probe_that_fails_begins_another_rest(breaker: Breaker) -> None:
    await fail(breaker, 2)
    await rest()
    assert await breaker.allow(MODEL)
    await breaker.failed(MODEL)
    assert not await breaker.allow(MODEL)
    await rest()
    assert await breaker.allow(MODEL)


async def test_a_probe_that_never_reports_is_followed_by_another(breaker: Breaker) -> None:
    await fail(breaker, 2)
    await rest()
    assert await breaker.allow(MODEL)
    await rest()
    assert await breaker.allow(MODEL)


async def test_tells_when_a_circuit_opens_and_closes(breaker: Breaker, told: list[tuple[str, bool]]) -> None:
    await fail(breaker, 2)
    assert told[-1] == ("a", True)
    await breaker.succeeded(MODEL)
    assert told[-1] == ("a", False)


async def test_another_process_sees_what_has_changed(redis: FakeAsyncRedis, told: list[tuple[str, bool]]) -> None:
    here = RedisBreaker(redis, failures=1, seconds=SECONDS)
    there = RedisBreaker(
        redis, failures=1, seconds=SECONDS, notify=lambda model, is_open: told.append((model.name, is_open))
    )
    await here.failed(MODEL)
    assert not await there.allow(MODEL)
    await here.succeeded(MODEL)
    assert await there.allow(MODEL)
    assert told == [("a", True), ("a", False)]


async def test_without_redis_the_process_knows_what_it_has_seen(told: list[tuple[str, bool]]) -> None:
    server = fakeredis.FakeServer()
    clock = Clock()
    breaker = RedisBreaker(FakeAsyncRedis(server=server), failures=2, seconds=5, now=clock)
    await breaker.failed(MODEL)
    server.connected = False
    assert await breaker.allow(MODEL)
    await breaker.failed(MODEL)
    assert not await breaker.allow(MODEL)
    clock.now += 5
    assert await breaker.allow(MODEL)
    await breaker.succeeded(MODEL)
    assert await breaker.allow(MODEL)
    server.connected = True
    clock.now += 1
    await breaker.failed(MODEL)  # the second one that Redis sees
    assert not await breaker.allow(MODEL)


async def test_a_redis_that_is_away_is_not_asked_by_every_call() -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    asked = 0

    class Counting(FakeAsyncRedis):
        async def execute_command(self, *args: object, **options: object) -> object:
            nonlocal asked
            asked += 1
            return await super().execute_command(*args, **options)

    clock = Clock()
    breaker = RedisBreaker(Counting(server=server), failures=2, seconds=5, now=clock)
    for _ in range(5):
        assert await breaker.allow(MODEL)
    assert asked == 1
    clock.now += 1
    assert await breaker.allow(MODEL)
    assert asked == 2
