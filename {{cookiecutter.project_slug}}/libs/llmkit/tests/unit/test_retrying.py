"""Pauses are drawn evenly below a bound that doubles, after what the provider has asked for."""

import asyncio

import pytest

from llmkit.errors import TimedOut
from llmkit.retrying import Backoff, Deadline


def test_the_bound_of_pauses_doubles_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 3, draw=lambda: 1.0)
    assert [backoff.pause(attempt, None) for attempt in (1, 2, 3, 4)] == [1, 2, 3, 3]


def test_pauses_have_full_jitter() -> None:
    backoff = Backoff(0.5, 8)
    pauses = [backoff.pause(1, None) for _ in range(500)]
    assert min(pauses) < 0.1
    assert max(pauses) > 0.9
    assert 0.4 < sum(pauses) / len(pauses) < 0.6


def test_what_the_provider_asks_for_comes_first() -> None:
    assert Backoff(0.5, 8, draw=lambda: 0.0).pause(1, 7) == 7
    assert Backoff(0.5, 8, draw=lambda: 0.5).pause(1, 7) == 7.5


async def test_a_deadline_passes() -> None:
    deadline = Deadline(0.05)
    deadline.check()
    assert deadline.within(10) == deadline.at
    assert deadline.within(0.001) < deadline.at
    await asyncio.sleep(0.06)
    assert deadline.remaining() == 0
    with pytest.raises(TimedOut):
        deadline.check()
