"""When the next attempt is made, and until when anything is."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from llmkit.errors import TimedOut


class Deadline:
    """The moment until which an answer is wanted, over all attempts and fallbacks; in the loop's time."""

    def __init__(self, seconds: float) -> None:
        self.at = asyncio.get_running_loop().time() + seconds

    def remaining(self) -> float:
        """Seconds that are left; never negative."""
        return max(0.0, self.at - asyncio.get_running_loop().time())

    def within(self, seconds: float) -> float:
        """The moment in so many seconds, or the deadline if it comes first."""
        return min(self.at, asyncio.get_running_loop().time() + seconds)

    def check(self) -> None:
        """Raise `TimedOut` when nothing is left."""
        if self.remaining() <= 0:
            raise TimedOut("There was no answer within the time that the call allows.")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses with full jitter: evenly drawn between nothing and a bound that doubles with each attempt.

    So clients that failed together do not come back together. A provider's `Retry-After` is waited for before that.
    """

    first_seconds: float
    max_seconds: float
    draw: Callable[[], float] = random.random

    def pause(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait after attempt number `attempt`, which counts from 1."""
        bound = min(self.max_seconds, self.first_seconds * 2.0**attempt)
        return (retry_after or 0.0) + self.draw() * bound
