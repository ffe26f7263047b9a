"""Code without an event loop works on the gateway's, and on no other."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from llmkit.portal import Portal


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def count(closed: list[bool]) -> AsyncGenerator[int, None]:
    try:
        for number in range(3):
            yield number
    finally:
        closed.append(True)


def test_a_loop_of_its_own_is_started_and_stopped() -> None:
    portal = Portal()
    closed: list[bool] = []
    assert portal.run(double(2)) == 4
    assert list(portal.iterate(count(closed))) == [0, 1, 2]
    assert closed == [True]
    portal.close()
    portal.close()


def test_closing_early_closes_the_generator() -> None:
    portal = Portal()
    closed: list[bool] = []
    items = portal.iterate(count(closed))
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]  # it is a generator
    assert closed == [True]
    portal.close()


def test_errors_reach_the_caller() -> None:
    async def fail() -> None:
        raise LookupError("x")

    portal = Portal()
    with pytest.raises(LookupError):
        portal.run(fail())
    portal.close()


async def test_threads_work_on_the_loop_that_runs() -> None:
    portal = Portal()
    portal.enter()
    here = asyncio.get_running_loop()

    async def where() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert await asyncio.to_thread(portal.run, where()) is here


async def test_a_call_that_would_block_its_own_loop_is_refused() -> None:
    portal = Portal()
    portal.enter()
    with pytest.raises(RuntimeError, match="ainvoke"):
        portal.run(double(1))


async def test_a_second_loop_is_refused_while_the_first_runs() -> None:
    portal = Portal()
    portal.enter()

    async def elsewhere() -> None:
        portal.enter()

    with pytest.raises(RuntimeError, match="another"):
        await asyncio.to_thread(asyncio.run, elsewhere())


def test_another_loop_may_follow_one_that_has_ended() -> None:
    portal = Portal()

    async def enter() -> None:
        portal.enter()

    asyncio.run(enter())
    asyncio.run(enter())
