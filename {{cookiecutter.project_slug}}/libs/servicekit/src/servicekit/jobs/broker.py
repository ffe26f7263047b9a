"""The publisher over Celery."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from servicekit.jobs.celery import HARD_LIMIT_GRACE_SECONDS, TASK
from servicekit.jobs.publisher import PUBLISH_SECONDS, BrokerUnavailable, JobMessage

T = TypeVar("T")
THREADS = 4


class CeleryPublisher:
    """Publishes in a few threads, because Celery's client blocks; a caller waits for `PUBLISH_SECONDS` at most."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="jobs-publish")

    async def publish(self, messages: Sequence[JobMessage]) -> None:
        """Hand all messages to the broker."""

        def send() -> None:
            for message in messages:
                self._send(message)

        await self._bounded(send)

    async def depth(self, queue: str) -> int:
        """Ask the broker for the length of a queue."""

        def count() -> int:
            with self._app.connection_or_acquire() as connection:
                return int(connection.default_channel.queue_declare(queue, passive=False).message_count)

        return await self._bounded(count)

    async def close(self) -> None:
        """End the threads and close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._app.close)

    def _send(self, message: JobMessage) -> None:
        seconds = message.timeout.total_seconds()
        self._app.send_task(
            TASK,
            args=[str(message.job_id)],
            task_id=str(message.job_id),
            queue=message.queue,
            retry=False,
            soft_time_limit=seconds,
            time_limit=seconds + HARD_LIMIT_GRACE_SECONDS,
        )

    async def _bounded(self, call: Callable[[], T]) -> T:
        work = asyncio.get_running_loop().run_in_executor(self._threads, call)
        try:
            return await asyncio.wait_for(work, PUBLISH_SECONDS)
        except (KombuError, RedisError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error
