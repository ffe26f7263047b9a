"""Many calls at once: no more at a provider than allowed, and each is served."""

import asyncio
import time

import pytest
from fakeredis import FakeAsyncRedis
from wire_bench import QUESTION, MakeBench, text_of

from llmkit.errors import BudgetExceeded, Overloaded
from llmkit.testkit.replies import Reply


class SlowRedis(FakeAsyncRedis):
    """Keeps waiting whoever tells it how a model has fared, if `slow`."""

    slow = False

    async def execute_command(self, *command: object, **options: object) -> object:
        if self.slow and command[0] in ("INCRBY", "DEL"):
            self.told.set()
            await asyncio.sleep(0.3)
        return await super().execute_command(*command, **options)

    def slow_down(self) -> None:
        self.slow, self.told = True, asyncio.Event()


async def test_a_model_gets_no_more_at_once_than_allowed(make_bench: MakeBench) -> None:
    bench = make_bench(concurrency=3, queue_seconds=5)
    bench.wire.script(Reply(pause=0.02))
    await asyncio.gather(*(bench.ask() for _ in range(12)))
    assert len(bench.wire.requests) == 12
    assert bench.wire.at_once == 3


async def test_nobody_waits_in_vain(make_bench: MakeBench) -> None:
    bench = make_bench(concurrency=1, queue_seconds=0.2, attempt_seconds=3)
    bench.wire.script(Reply(pause=0.8))
    first = asyncio.create_task(bench.ask())
    await asyncio.sleep(0.1)
    began = time.monotonic()
    with pytest.raises(Overloaded):
        await bench.ask()
    assert time.monotonic() - began < 0.7
    assert (await first).text == "Paris is it."
    assert len(bench.wire.requests) == 1


async def test_a_failed_or_cancelled_call_gives_its_place_back(make_bench: MakeBench) -> None:
    bench = make_bench(concurrency=1, attempts=1)
    bench.wire.script(Reply(status=500), Reply(words=("a",) * 50, pause=0.02), Reply())
    with pytest.raises(Overloaded):
        await bench.ask()
    stream = bench.chat().astream(QUESTION)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    bench.budget.left, left = 0, bench.budget.left
    with pytest.raises(BudgetExceeded):
        await bench.ask()
    bench.budget.left = left
    assert (await bench.ask()).text == "Paris is it."


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("reply", "outcome"), [(Reply(), "ok"), (Reply(status=500), "model_overloaded")])
async def test_who_leaves_while_the_circuit_is_told_gives_the_place_back(
    make_bench: MakeBench, reply: Reply, outcome: str, streaming: bool
) -> None:
    redis = SlowRedis()
    bench = make_bench(redis, concurrency=1, attempts=1)
    bench.wire.script(Reply(status=500), reply, Reply())
    with pytest.raises(Overloaded):
        await bench.ask()
    redis.slow_down()
    leaving = asyncio.create_task(bench.stream() if streaming else bench.ask())  # type: ignore[arg-type]  # coroutines
    await asyncio.wait_for(redis.told.wait(), 5)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert (await bench.ask()).text == "Paris is it."
    assert [entry.outcome for entry in bench.ledger.entries] == ["model_overloaded", outcome, "ok"]
    assert bench.budget.open == {}
    assert bench.metric("llm_requests_in_progress", model=bench.model) == 0


async def test_two_hundred_streams_at_once_are_all_served(make_bench: MakeBench) -> None:
    bench = make_bench(deadline_seconds=60, stall_seconds=30, connect_seconds=30)
    bench.wire.script(Reply(words=("word ",) * 10, pause=0.01, together=200))
    answers = await asyncio.gather(*(bench.stream() for _ in range(200)))
    assert {text_of(chunks) for chunks in answers} == {"word " * 10}
    assert bench.wire.at_once == 200
    assert bench.budget.open == {}
