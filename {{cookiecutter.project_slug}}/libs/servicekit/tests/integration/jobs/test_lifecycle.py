"""The row of a job, from enqueued to ended, on both databases."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from shop import LEASE, TENANT, Shop, call
from workshop import Folder, Nothing, Wait, catalog

from servicekit.database import utc_now
from servicekit.jobs import JobNotFound, JobNotRetryable, JobState
from servicekit.jobs.runner import JobRunner


async def test_a_job_is_published_after_the_commit_and_not_before(shop: Shop) -> None:
    async with shop.database.session() as session:
        await shop.jobs.enqueue(session, "work.quick", Nothing(), tenant=TENANT, actor="a")
        assert shop.publisher.messages == []
    assert len(shop.publisher.messages) == 1


async def test_a_job_from_a_clock_that_is_a_little_ahead_runs_at_once(shop: Shop) -> None:
    job_id = await shop.enqueue()
    await shop.change(job_id, run_after=utc_now() + timedelta(seconds=1))
    assert await shop.run(job_id) == "succeeded"


async def test_a_job_of_a_unit_of_work_that_fails_does_not_exist(shop: Shop) -> None:
    async def fail() -> None:
        async with shop.database.session() as session:
            await shop.jobs.enqueue(session, "work.quick", Nothing(), tenant=TENANT, actor="a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with shop.database.reading() as session:
        assert (await shop.jobs.list(session, TENANT)).jobs == []
    assert shop.publisher.messages == []


async def test_a_succeeding_job_keeps_its_result(shop: Shop) -> None:
    job_id = await shop.enqueue()
    assert await shop.run(job_id) == "succeeded"
    job = await shop.get(job_id)
    assert (job.state, job.result, job.progress_fraction) == (JobState.SUCCEEDED, {"attempt": 1}, 1.0)
    assert job.lease_owner is None
    assert job.started_at is not None
    assert job.finished_at is not None


async def test_a_second_delivery_finds_nothing_to_claim(shop: Shop) -> None:
    job_id = await shop.enqueue()
    first = await shop.runner.begin(job_id)
    assert first is not None
    assert await shop.run(job_id) is None
    await shop.runner.end(first, None)
    assert await shop.run(job_id) is None
    assert (await shop.get(job_id)).attempt == 1


async def test_two_workers_racing_for_200_jobs_run_each_once(shop: Shop) -> None:
    ids = [await shop.enqueue() for _ in range(200)]
    other = JobRunner(catalog, shop.database, shop.folder, lease=LEASE)

    async def work(runner: JobRunner[Folder], order: list[UUID]) -> int:
        done = 0
        for job_id in order:
            attempt = await runner.begin(job_id)
            if attempt is not None:
                attempt.context.resources.note(str(job_id))
                await runner.end(attempt, None)
                done += 1
        return done

    shares = await asyncio.gather(work(shop.runner, ids), work(other, ids))
    notes = (shop.folder.path / "notes.txt").read_text().split()
    assert sum(shares) == 200
    assert sorted(notes) == sorted(map(str, ids))


async def test_the_heartbeat_notices_that_the_lease_is_lost(shop: Shop) -> None:
    attempt = await shop.runner.begin(await shop.enqueue())
    assert attempt is not None
    await shop.change(attempt.job.id, lease_owner="somebody else")
    await asyncio.wait_for(attempt.heartbeat, 10)
    with pytest.raises(Exception, match=str(attempt.job.id)):
        attempt.context.check()
    assert (await shop.runner.end(attempt, attempt.context.signals.stop())).name == "lost"


async def test_the_heartbeat_writes_progress_and_extends_the_lease(shop: Shop) -> None:
    attempt = await shop.runner.begin(await shop.enqueue())
    assert attempt is not None
    attempt.context.progress(0.25, "a quarter")
    before = (await shop.get(attempt.job.id)).lease_until
    await asyncio.sleep(1.3)
    job = await shop.get(attempt.job.id)
    assert (job.progress_fraction, job.progress_message) == (0.25, "a quarter")
    assert before is not None
    assert job.lease_until is not None
    assert job.lease_until > before
    await shop.runner.end(attempt, None)


async def test_a_running_job_sees_that_it_is_cancelled(shop: Shop) -> None:
    job_id = await shop.enqueue("work.patient")
    attempt = await shop.runner.begin(job_id)
    assert attempt is not None
    await shop.cancel(job_id)
    await asyncio.sleep(1.3)
    error = await call(attempt.context, lambda context, _: context.check(), None)
    assert (await shop.runner.end(attempt, error)).name == "cancelled"
    assert (await shop.get(job_id)).state == JobState.CANCELLED


async def test_a_waiting_job_is_cancelled_at_once_and_never_runs(shop: Shop) -> None:
    job_id = await shop.enqueue()
    assert (await shop.cancel(job_id)).state == JobState.CANCELLED
    assert await shop.run(job_id) is None


async def test_cancelling_an_ended_job_changes_nothing(shop: Shop) -> None:
    job_id = await shop.enqueue()
    await shop.run(job_id)
    assert (await shop.cancel(job_id)).state == JobState.SUCCEEDED


async def test_an_unexpected_error_is_retried_and_then_a_dead_letter_without_its_text(shop: Shop) -> None:
    job_id = await shop.enqueue("work.broken")
    assert await shop.run(job_id) == "retried"
    await asyncio.sleep(0.1)
    assert await shop.run(job_id) == "dead_letter"
    job = await shop.get(job_id)
    assert (job.state, job.error_code) == (JobState.DEAD_LETTER, "error")
    assert job.error_detail == "The work failed with an unexpected ValueError."


async def test_an_ended_job_can_be_retried_with_all_its_attempts(shop: Shop) -> None:
    job_id = await shop.enqueue("work.refused")
    assert await shop.run(job_id) == "failed"
    shop.publisher.messages.clear()
    job = await shop.retry(job_id)
    assert (job.state, job.attempt, job.error_code, job.finished_at) == (JobState.QUEUED, 0, None, None)
    assert [message.job_id for message in shop.publisher.messages] == [job_id]


async def test_a_waiting_or_done_job_cannot_be_retried(shop: Shop) -> None:
    job_id = await shop.enqueue()
    with pytest.raises(JobNotRetryable):
        await shop.retry(job_id)
    await shop.run(job_id)
    with pytest.raises(JobNotRetryable):
        await shop.retry(job_id)


async def test_another_tenants_job_is_not_there(shop: Shop) -> None:
    job_id = await shop.enqueue()
    with pytest.raises(JobNotFound):
        await shop.cancel(job_id, tenant="globex")
    with pytest.raises(JobNotFound):
        await shop.retry(job_id, tenant="globex")
    assert (await shop.get(job_id)).state == JobState.QUEUED


async def test_the_same_key_is_the_same_job(shop: Shop) -> None:
    first = await shop.enqueue(key="k")
    assert await shop.enqueue(key="k") == first
    assert await shop.enqueue("work.refused", key="k") != first
    assert await shop.enqueue() != await shop.enqueue()


async def test_parameters_of_another_kind_are_refused(shop: Shop) -> None:
    async with shop.database.session() as session:
        with pytest.raises(TypeError, match=r"work\.quick takes Nothing, not Wait"):
            await shop.jobs.enqueue(session, "work.quick", Wait(seconds=1), tenant=TENANT, actor="a")
        with pytest.raises(KeyError):
            await shop.jobs.enqueue(session, "work.unknown", Wait(seconds=1), tenant=TENANT, actor="a")


@pytest.mark.parametrize("change", [{"kind": "work.forgotten"}, {"params": {"seconds": "many"}, "kind": "work.slow"}])
async def test_a_job_that_this_version_cannot_read_is_a_dead_letter(shop: Shop, change: dict[str, object]) -> None:
    job_id = await shop.enqueue()
    await shop.change(job_id, **change)
    assert await shop.run(job_id) is None
    job = await shop.get(job_id)
    assert (job.state, job.error_code) == (JobState.DEAD_LETTER, "unreadable")


async def test_pages_follow_each_other_from_new_to_old(shop: Shop) -> None:
    ids = [await shop.enqueue() for _ in range(5)]
    async with shop.database.reading() as session:
        first = await shop.jobs.list(session, TENANT, limit=2)
        second = await shop.jobs.list(session, TENANT, limit=2, before=first.next_before)
        third = await shop.jobs.list(session, TENANT, limit=2, before=second.next_before)
        assert (await shop.jobs.list(session, "globex")).jobs == []
        assert (await shop.jobs.list(session, TENANT, kind="work.slow")).jobs == []
        assert (await shop.jobs.list(session, TENANT, state=JobState.RUNNING)).jobs == []
    pages = [[job.id for job in page.jobs] for page in (first, second, third)]
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    assert third.next_before is None
