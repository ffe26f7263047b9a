"""The API's side of the broker."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
from bench import Workshop
from workshop import catalog

from servicekit.jobs import JobState
from servicekit.jobs.broker import CeleryPublisher
from servicekit.jobs.celery import make_celery
from servicekit.jobs.publisher import PUBLISH_SECONDS, BrokerUnavailable


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A broker that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@contextlib.contextmanager
def loop_is_free() -> Iterator[None]:
    """Fail when the event loop stands still for longer than a quarter of a second."""
    gaps: list[float] = []

    async def tick() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    task = asyncio.ensure_future(tick())
    yield
    task.cancel()
    assert max(gaps, default=0) < 0.25


class TestRefusing:
    @pytest.fixture
    def settings_overrides(self) -> dict[str, object]:
        return {"jobs__broker_url": "redis://127.0.0.1:1/0"}

    async def test_work_is_accepted_while_the_broker_is_away(self, workshop: Workshop) -> None:
        began = time.monotonic()
        job_id = await workshop.enqueue("work.quick")
        assert time.monotonic() - began < PUBLISH_SECONDS + 1
        job = await workshop.get(job_id)
        assert (job.state, job.published_at) == (JobState.QUEUED, None)


class TestSilent:
    @pytest.fixture
    def settings_overrides(self, silent_url: str) -> dict[str, object]:
        return {"jobs__broker_url": silent_url}

    async def test_a_broker_that_hangs_holds_nobody_up_for_long(self, workshop: Workshop) -> None:
        await workshop.database.ping()
        began = time.monotonic()
        with loop_is_free():
            ids = await asyncio.gather(*(workshop.enqueue("work.quick") for _ in range(6)))
        assert time.monotonic() - began < 2 * PUBLISH_SECONDS
        assert {(await workshop.get(job_id)).published_at for job_id in ids} == {None}


class TestRedis:
    @pytest.fixture
    def settings_overrides(self, redis_url: str) -> dict[str, object]:
        return {"jobs__broker_url": redis_url}

    async def test_the_broker_tells_how_many_messages_wait(self, workshop: Workshop) -> None:
        publisher = CeleryPublisher(make_celery(workshop.settings, catalog))
        assert await publisher.depth("workshop.default") == 0
        await workshop.enqueue("work.quick")
        assert await publisher.depth("workshop.default") == 1
        await publisher.close()

    async def test_depth_of_a_broker_that_is_away_is_an_error(self, workshop: Workshop) -> None:
        app = make_celery(workshop.settings, catalog)
        app.conf.broker_url = "redis://127.0.0.1:1/0"
        publisher = CeleryPublisher(app)
        with pytest.raises(BrokerUnavailable):
            await publisher.depth("workshop.default")
        await publisher.close()
