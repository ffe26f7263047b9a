"""Worker and beat processes on a broker, killed in the middle of their work."""

import os
import signal

import httpx2
import pytest
from bench import Workshop

from servicekit.jobs import JobState
from servicekit.pulse import Pulse

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def settings_overrides(redis_url: str, quick_settings: dict[str, object]) -> dict[str, object]:
    return {**quick_settings, "jobs__broker_url": redis_url}


async def test_a_job_whose_worker_is_killed_ends_once_after_a_restart(workshop: Workshop) -> None:
    workshop.start_beat()
    first = workshop.start_worker()
    job_id = await workshop.enqueue("work.slow", seconds=60)
    await workshop.until(lambda: len(workshop.notes) == 1)

    os.killpg(first.pid, signal.SIGKILL)
    workshop.start_worker()
    job = await workshop.ended(job_id)

    assert (job.state, job.attempt, job.result) == (JobState.SUCCEEDED, 2, {"attempt": 2})
    assert [note.split()[:2] for note in workshop.notes] == [["begin", "1"], ["begin", "2"], ["end", "2"]]
    assert workshop.effects == [f"effect-{job_id}"]


async def test_a_job_that_kills_its_worker_becomes_a_dead_letter(workshop: Workshop, free_tcp_port: int) -> None:
    workshop.start_beat()
    workshop.environment["JOBS__METRICS_PORT"] = str(free_tcp_port)
    workshop.start_worker()
    poison = await workshop.enqueue("work.poison")
    job = await workshop.ended(poison)

    assert (job.state, job.attempt, job.error_code) == (JobState.DEAD_LETTER, 2, "worker_lost")
    assert workshop.notes == ["poison 1", "poison 2"]

    other = await workshop.enqueue("work.quick")
    assert (await workshop.ended(other)).state == JobState.SUCCEEDED
    assert Pulse("workshop", "worker", workshop.settings.data_dir).age() is not None
    async with httpx2.AsyncClient() as client:
        metrics = (await client.get(f"http://127.0.0.1:{free_tcp_port}/metrics")).text
    assert 'jobs_total{kind="work.quick",outcome="succeeded"} 1.0' in metrics


async def test_sigterm_gives_a_running_job_back_without_counting_the_attempt(workshop: Workshop) -> None:
    worker = workshop.start_worker()
    job_id = await workshop.enqueue("work.patient", seconds=60)
    await workshop.until(lambda: workshop.notes == ["begin 1"])

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    job = await workshop.get(job_id)
    assert (job.state, job.attempt, job.lease_owner) == (JobState.QUEUED, 0, None)


async def test_a_handler_deaf_to_its_timeout_is_killed(workshop: Workshop) -> None:
    workshop.start_beat()
    workshop.start_worker()
    job_id = await workshop.enqueue("work.overdue", seconds=60)
    job = await workshop.ended(job_id)
    assert (job.state, job.error_code) == (JobState.DEAD_LETTER, "timeout")
