"""The way of a job's id to the workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

PUBLISH_SECONDS = 2.0
"""Longest wait for the broker; after it the job stays in the table and the scheduler publishes it."""


class BrokerUnavailable(Exception):
    """The broker did not take the message in time."""


@dataclass(frozen=True, slots=True)
class JobMessage:
    """What a broker carries: which job, where to, and how long its attempt may take."""

    job_id: UUID
    queue: str
    timeout: timedelta


class JobPublisher(Protocol):
    """Hands job ids to a broker."""

    async def publish(self, messages: Sequence[JobMessage]) -> None:
        """Hand over all messages or raise BrokerUnavailable, within `PUBLISH_SECONDS`."""
        ...

    async def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue; BrokerUnavailable."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class MemoryPublisher:
    """Keeps the messages in a list, for tests."""

    def __init__(self) -> None:
        self.messages: list[JobMessage] = []
        self.available = True

    async def publish(self, messages: Sequence[JobMessage]) -> None:
        """Keep the messages."""
        if not self.available:
            raise BrokerUnavailable("switched off")
        self.messages.extend(messages)

    async def depth(self, queue: str) -> int:
        """Count the messages of a queue."""
        if not self.available:
            raise BrokerUnavailable("switched off")
        return sum(message.queue == queue for message in self.messages)

    async def close(self) -> None:
        """Nothing is open."""
