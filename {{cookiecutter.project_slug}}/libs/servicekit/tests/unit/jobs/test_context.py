import asyncio
import time

import pytest

from servicekit.jobs import JobCancelled, JobTimedOut
from servicekit.testkit.jobs import make_context


async def test_check_raises_the_first_reason_to_stop() -> None:
    context = make_context("resources")
    context.check()
    context.signals.request_stop(JobCancelled)
    context.signals.request_stop(JobTimedOut)
    with pytest.raises(JobCancelled):
        context.check()


async def test_progress_stays_between_nothing_and_all_and_keeps_the_last_message() -> None:
    context = make_context("resources")
    context.progress(0.5, "half")
    context.progress(1.5)
    assert (context.signals.fraction, context.signals.message) == (1.0, "half")
    context.signals.request_stop(JobCancelled)
    with pytest.raises(JobCancelled):
        context.progress(0.9)


async def test_sleep_ends_when_the_job_is_to_stop() -> None:
    context = make_context("resources")
    asyncio.get_running_loop().call_later(0.05, context.signals.request_stop, JobCancelled)
    began = time.monotonic()
    with pytest.raises(JobCancelled):
        await asyncio.to_thread(context.sleep, 30)
    assert time.monotonic() - began < 5


async def test_run_bridges_from_a_plain_handler_to_the_event_loop() -> None:
    context = make_context("resources")

    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    assert await asyncio.to_thread(lambda: context.run(answer())) == 42


async def test_run_hands_back_the_exception_of_the_coroutine() -> None:
    context = make_context("resources")

    async def fail() -> None:
        raise ValueError("no flour")

    with pytest.raises(ValueError, match="no flour"):
        await asyncio.to_thread(lambda: context.run(fail()))


async def test_run_refuses_to_block_the_event_loop_itself() -> None:
    context = make_context("resources")
    with pytest.raises(RuntimeError, match="an async handler awaits"):
        context.run(asyncio.sleep(0))
