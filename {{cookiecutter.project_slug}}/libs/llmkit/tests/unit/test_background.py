import asyncio

from structlog.testing import capture_logs

from llmkit.background import repeating


async def test_work_is_done_again_and_again_and_after_a_failure_too() -> None:
    rounds = 0
    enough = asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise RuntimeError("once")
        if rounds == 3:
            enough.set()

    with capture_logs() as logs:
        async with repeating(work, seconds=0.001, name="sample"), asyncio.timeout(5):
            await enough.wait()
    ended_at = rounds
    await asyncio.sleep(0.01)
    assert rounds == ended_at
    assert [(line["event"], line["work"]) for line in logs] == [("background_round_failed", "sample")]


async def test_a_round_under_way_is_finished_before_the_end() -> None:
    begun, finished = asyncio.Event(), False

    async def work() -> None:
        nonlocal finished
        begun.set()
        await asyncio.sleep(0.05)
        finished = True

    async with repeating(work, seconds=60, name="sample"):
        await begun.wait()
    assert finished


async def test_a_round_that_does_not_end_is_given_up() -> None:
    begun, cancelled = asyncio.Event(), False

    async def work() -> None:
        nonlocal cancelled
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled = True
            raise

    async with repeating(work, seconds=60, name="sample", patience=0.01):
        await begun.wait()
    assert cancelled
