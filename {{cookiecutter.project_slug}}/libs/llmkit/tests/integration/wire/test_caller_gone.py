"""When nobody listens any more, nothing is paid for that nobody hears."""

import asyncio
from collections.abc import AsyncIterator

import anyio
import pytest
from wire_bench import QUESTION, Bench

from llmkit.call import TokenUsage
from llmkit.messages import estimate_input
from llmkit.testkit.replies import Reply

PROMISED_SECONDS = 2
ENDLESS = Reply(words=("word ",) * 500, pause=0.02)


@pytest.fixture
async def listening(bench: Bench) -> AsyncIterator[Bench]:
    bench.wire.script(ENDLESS)
    yield bench
    async with asyncio.timeout(PROMISED_SECONDS):
        while bench.budget.open or not bench.wire.abandoned:  # noqa: ASYNC110 - two things happen, in either order
            await asyncio.sleep(0.02)
    assert len(bench.wire.abandoned) == 1
    assert len(bench.wire.requests) == 1
    assert bench.budget.open == {}
    (entry,) = bench.ledger.entries
    assert entry.outcome == "cancelled"
    assert entry.usage.estimated
    assert 2 <= entry.usage.output < 100
    assert bench.budget.settled[0][1] == entry.cost_usd > 0
    assert bench.metric("llm_calls_total", purpose="test.answer", model=bench.model, outcome="cancelled") == 1
    assert bench.metric("llm_requests_in_progress", model=bench.model) == 0


async def test_closing_the_stream_closes_the_connection(listening: Bench) -> None:
    stream = listening.chat().astream(QUESTION)
    for _ in range(3):
        await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_leaving_the_loop_closes_the_connection(listening: Bench) -> None:
    async def listen() -> None:
        heard = 0
        async for _ in listening.chat().astream(QUESTION):
            heard += 1
            if heard == 3:
                break

    await listen()


async def test_cancelling_the_task_closes_the_connection(listening: Bench) -> None:
    heard = asyncio.Event()

    async def listen() -> None:
        async for _ in listening.chat().astream(QUESTION):
            heard.set()

    task = asyncio.create_task(listen())
    await heard.wait()
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_scope_closes_the_connection(listening: Bench) -> None:
    with anyio.CancelScope() as scope:  # web frameworks use one; it cancels again at every await
        heard = 0
        async for _ in listening.chat().astream(QUESTION):
            heard += 1
            if heard == 3:
                scope.cancel()


@pytest.mark.parametrize("streaming", [False, True])
async def test_cancelling_before_anything_has_come_costs_the_input(bench: Bench, streaming: bool) -> None:
    bench.wire.script(Reply(pause=1))
    task = asyncio.create_task(bench.stream() if streaming else bench.ask())  # type: ignore[arg-type]  # coroutines
    await bench.wire.received.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)
    assert len(bench.wire.abandoned) == 1
    (entry,) = bench.ledger.entries
    assert entry.outcome == "cancelled"
    assert entry.usage == TokenUsage(estimate_input(QUESTION), 0, estimated=True)
    assert bench.budget.settled[0][1] == entry.cost_usd > 0
    assert bench.budget.open == {}
