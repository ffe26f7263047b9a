"""A model that fails is left alone for a while, by all processes, and then tried by one call."""

import asyncio

import pytest
from fakeredis import FakeAsyncRedis
from wire_bench import OFFLINE_ANSWER, Bench, MakeBench

from llmkit.errors import Malformed, Overloaded, RateLimited, Refused
from llmkit.testkit.replies import Reply


async def fail(bench: Bench, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Overloaded):
            await bench.ask()


async def test_a_failing_model_is_left_alone(make_bench: MakeBench) -> None:
    bench = make_bench(attempts=1, breaker_failures=2)
    bench.wire.script(Reply(status=500))
    await fail(bench, 4)
    assert len(bench.wire.requests) == 2
    assert bench.metric("llm_circuit_open", model=bench.model) == 1


async def test_the_circuit_may_open_between_attempts(make_bench: MakeBench) -> None:
    bench = make_bench(attempts=5, breaker_failures=2)
    bench.wire.script(Reply(status=500))
    await fail(bench, 1)
    assert len(bench.wire.requests) == 2


async def test_the_fallback_answers_at_once_while_the_circuit_is_open(make_bench: MakeBench) -> None:
    bench = make_bench(attempts=1, breaker_failures=1, fallback=True)
    bench.wire.script(Reply(status=500))
    for _ in range(3):
        assert (await bench.ask()).text == OFFLINE_ANSWER
    assert len(bench.wire.requests) == 1


async def test_one_call_tries_a_model_that_was_left_alone(make_bench: MakeBench) -> None:
    bench = make_bench(attempts=1, breaker_failures=1, breaker_seconds=0.2)
    bench.wire.script(Reply(status=500))
    await fail(bench, 1)
    await asyncio.sleep(0.25)
    bench.wire.script(Reply(pause=0.15))
    answers = await asyncio.gather(*(bench.ask() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, Overloaded) for answer in answers) == 4
    assert len(bench.wire.requests) == 2
    assert (await bench.ask()).text == "Paris is it."
    assert bench.metric("llm_circuit_open", model=bench.model) == 0


async def test_a_failed_probe_means_another_rest(make_bench: MakeBench) -> None:
    bench = make_bench(attempts=1, breaker_failures=1, breaker_seconds=0.2)
    bench.wire.script(Reply(status=500))
    await fail(bench, 1)
    await asyncio.sleep(0.25)
    await fail(bench, 3)
    assert len(bench.wire.requests) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [(Reply(status=400), Refused), (Reply(status=429), RateLimited), (Reply(words=()), Malformed)],
)
async def test_a_provider_that_speaks_is_not_broken(
    make_bench: MakeBench, reply: Reply, error: type[Exception]
) -> None:
    bench = make_bench(attempts=1, breaker_failures=2)
    bench.wire.script(reply)
    for _ in range(4):
        with pytest.raises(error):
            await bench.ask()
    assert len(bench.wire.requests) == 4


async def test_processes_share_what_they_know(make_bench: MakeBench, redis: FakeAsyncRedis) -> None:
    one, other = (make_bench(redis, attempts=1, breaker_failures=2, breaker_seconds=0.3) for _ in range(2))
    one.wire.script(Reply(status=500))
    await fail(one, 1)
    await fail(other, 1)
    await fail(one, 1)
    await fail(other, 1)
    assert len(one.wire.requests) == 2
    await asyncio.sleep(0.35)
    one.wire.script(Reply(pause=0.1))
    answers = await asyncio.gather(one.ask(), other.ask(), one.ask(), other.ask(), return_exceptions=True)
    assert sum(isinstance(answer, Overloaded) for answer in answers) == 3  # one probe among all
    assert (await other.ask()).text == "Paris is it."
    assert other.metric("llm_circuit_open", model=other.model) == 0
