"""What is limited, and what the limiter answers."""

import asyncio
from dataclasses import dataclass, field
from math import ceil

from limits import parse

from servicekit.problems import Problem, TooManyRequests


class RateLimited(TooManyRequests):
    """The tenant has used up the window."""

    hint = "Wait for the time in Retry-After; the RateLimit fields of each answer say what is left."


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls per window, under a name that clients see in the RateLimit fields."""

    name: str
    amount: int
    seconds: int
    policy: bytes = field(init=False, compare=False, default=b"")
    """The RateLimit-Policy field."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", f'"{self.name}";q={self.amount};w={self.seconds}'.encode())

    @classmethod
    def parse(cls, text: str, name: str = "default") -> "Limit":
        """Read a limit such as `6000/minute`."""
        item = parse(text)
        return cls(name, item.amount, item.get_expiry())


@dataclass(slots=True)
class Grant:
    """The limiter's answer for one call."""

    allowed: bool
    limit: Limit
    remaining: int
    resets_in: float
    """Seconds until the window ends."""

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The RateLimit fields of draft-ietf-httpapi-ratelimit-headers-11."""
        limit = self.limit
        state = f'"{limit.name}";r={self.remaining};t={ceil(self.resets_in)}'
        return ((b"ratelimit-policy", limit.policy), (b"ratelimit", state.encode()))

    def refusal(self) -> Problem:
        """What a caller over the limit is told."""
        limit = self.limit
        return RateLimited(
            f"The limit of {limit.amount} calls in {limit.seconds} seconds is used up.",
            retry_after=ceil(self.resets_in),
        )


@dataclass(slots=True)
class Window:
    """One tenant's current window of one limit, as this process sees it."""

    index: int
    ends: float
    asked_at: float
    """When the storage was asked last."""
    tokens: int = 0
    """Calls this process may still give out without asking."""
    leased: int = 0
    """Calls this process got in this window, spent or not."""
    portion: int = 1
    """Size of the last lease."""
    left_by_others: int = 0
    """Calls that nobody had leased when the storage was asked last."""
    debt: int = 0
    """Calls given out while the storage did not answer, to be counted there when it does."""
    exhausted: bool = False
    """The limit is reached: nothing more to lease."""
    leasing: asyncio.Task[None] | None = None
    """The question to the storage that is under way."""

    @property
    def remaining(self) -> int:
        """Calls left, as far as this process knows."""
        return self.tokens + self.left_by_others

    def lease(self, amount: int) -> None:
        """Add calls that this process may give out."""
        self.tokens += amount
        self.leased += amount
