"""What is repaired and what comes with the time, on both databases."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from shop import Shop
from workshop import catalog

from servicekit.database import utc_now
from servicekit.jobs import JobNotFound, JobState
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.ticker import Ticker


async def test_whoever_has_lost_the_lease_cannot_write_the_ending(shop: Shop) -> None:
    job_id = await shop.enqueue("work.slow")
    slow = await shop.runner.begin(job_id)
    assert slow is not None
    await shop.change(job_id, lease_until=utc_now() - timedelta(seconds=1))
    await shop.ticker.sweep()
    assert (await shop.get(job_id)).error_code == "worker_lost"
    quick = await shop.runner.begin(job_id)
    assert quick is not None

    late = await shop.runner.end(slow, RuntimeError("late"))
    assert late.name == "lost"
    assert (await shop.get(job_id)).lease_owner == quick.token
    await shop.runner.end(quick, None)
    job = await shop.get(job_id)
    assert (job.state, job.attempt, job.error_code) == (JobState.SUCCEEDED, 2, None)


async def test_a_cancelled_job_of_a_lost_worker_is_not_run_again(shop: Shop) -> None:
    job_id = await shop.enqueue()
    assert await shop.runner.begin(job_id)
    await shop.cancel(job_id)
    await shop.change(job_id, lease_until=utc_now() - timedelta(seconds=1))
    await shop.ticker.sweep()
    assert (await shop.get(job_id)).state == JobState.CANCELLED


async def test_a_job_that_waits_for_its_next_attempt_cannot_be_claimed_before(shop: Shop) -> None:
    job_id = await shop.enqueue("work.quick", delay=timedelta(minutes=1))
    assert shop.publisher.messages == []
    await shop.ticker.tick()
    assert shop.publisher.messages == []
    assert await shop.run(job_id) is None
    await shop.change(job_id, run_after=utc_now())
    await shop.ticker.tick()
    assert [message.job_id for message in shop.publisher.messages] == [job_id]
    assert await shop.run(job_id) == "succeeded"


async def test_while_the_broker_is_away_jobs_wait_in_the_table(shop: Shop) -> None:
    shop.publisher.available = False
    job_id = await shop.enqueue()
    assert (await shop.get(job_id)).published_at is None
    await shop.ticker.tick()
    assert (await shop.get(job_id)).published_at is None
    shop.publisher.available = True
    await shop.ticker.tick()
    assert [message.job_id for message in shop.publisher.messages] == [job_id]
    assert (await shop.get(job_id)).published_at is not None


async def test_lost_messages_are_published_again_and_waiting_ones_are_not(shop: Shop) -> None:
    lost, kept = await shop.enqueue(), await shop.enqueue()
    long_ago = utc_now() - timedelta(minutes=5)
    await shop.change(lost, published_at=long_ago)
    await shop.change(kept, published_at=long_ago)
    await shop.ticker.sweep()
    assert len(shop.publisher.messages) == 2
    del shop.publisher.messages[0]
    await shop.ticker.sweep()
    assert len(shop.publisher.messages) == 2
    shop.publisher.messages.clear()
    await shop.change(lost, published_at=long_ago)
    await shop.change(kept, published_at=long_ago)
    await shop.ticker.sweep()
    assert {message.job_id for message in shop.publisher.messages} == {lost, kept}


async def test_a_silent_workers_job_runs_again_and_ends_when_its_attempts_are_used(shop: Shop) -> None:
    job_id = await shop.enqueue("work.poison")
    for name, state in (("retried", JobState.QUEUED), ("dead_letter", JobState.DEAD_LETTER)):
        assert await shop.runner.begin(job_id)
        await shop.ticker.sweep()
        assert (await shop.get(job_id)).state == JobState.RUNNING
        await shop.change(job_id, lease_until=utc_now() - timedelta(seconds=1))
        await shop.ticker.sweep()
        assert (await shop.get(job_id)).state == state
        assert shop.metric("jobs_total", kind="work.poison", outcome=name) == 1
    assert (await shop.get(job_id)).error_code == "worker_lost"


async def test_a_silent_worker_past_the_timeout_is_reported_as_a_timeout(shop: Shop) -> None:
    job_id = await shop.enqueue("work.overdue")
    assert await shop.runner.begin(job_id)
    long_ago = utc_now() - timedelta(hours=1)
    await shop.change(job_id, lease_until=long_ago, started_at=long_ago)
    await shop.ticker.sweep()
    job = await shop.get(job_id)
    assert (job.state, job.error_code) == (JobState.DEAD_LETTER, "timeout")


async def test_two_sweepers_at_once_take_a_job_back_once(shop: Shop) -> None:
    job_id = await shop.enqueue("work.slow")
    assert await shop.runner.begin(job_id)
    await shop.change(job_id, lease_until=utc_now() - timedelta(seconds=1))
    other = Ticker(shop.jobs, shop.database, catalog, shop.settings, JobMetrics(CollectorRegistry()))
    shop.publisher.messages.clear()
    await asyncio.gather(shop.ticker.sweep(), other.sweep())
    assert [message.job_id for message in shop.publisher.messages] == [job_id]


async def test_the_backlog_is_measured(shop: Shop) -> None:
    job_id = await shop.enqueue()
    await shop.enqueue()
    await shop.change(job_id, run_after=utc_now() - timedelta(minutes=2))
    await shop.ticker.sweep()
    assert shop.metric("jobs_queue_depth", queue="workshop.default") == 2
    assert shop.metric("jobs_queue_oldest_age_seconds", queue="workshop.default") == pytest.approx(120, abs=5)
    await shop.cancel(job_id)


async def test_ended_jobs_are_forgotten_after_their_time(shop: Shop) -> None:
    old, fresh, waiting = await shop.enqueue(), await shop.enqueue(), await shop.enqueue()
    await shop.run(old)
    await shop.run(fresh)
    long_ago = utc_now() - timedelta(days=2)
    await shop.change(old, finished_at=long_ago)
    await shop.change(waiting, created_at=long_ago)
    await shop.ticker.sweep()
    with pytest.raises(JobNotFound):
        await shop.get(old)
    assert (await shop.get(fresh)).state == JobState.SUCCEEDED
    assert (await shop.get(waiting)).state == JobState.QUEUED
