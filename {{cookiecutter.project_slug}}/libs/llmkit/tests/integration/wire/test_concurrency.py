"""Many calls at once: no more at a provider than allowed, and each is served."""

import asyncio
import time

import pytest
from wire_bench import QUESTION, MakeBench, text_of

from llmkit.errors import BudgetExceeded, Overloaded
from llmkit.testkit.replies import Reply


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


async def test_two_hundred_streams_at_once_are_all_served(make_bench: MakeBench) -> None:
    bench = make_bench(deadline_seconds=60, stall_seconds=30, connect_seconds=30)
    bench.wire.script(Reply(words=("word ",) * 10, pause=0.01, together=200))
    answers = await asyncio.gather(*(bench.stream() for _ in range(200)))
    assert {text_of(chunks) for chunks in answers} == {"word " * 10}
    assert bench.wire.at_once == 200
    assert bench.budget.open == {}
