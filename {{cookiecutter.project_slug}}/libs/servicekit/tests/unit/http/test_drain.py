import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest

from servicekit.http.drain import draining_on_sigterm
from servicekit.http.health import Health


@pytest.fixture
def stops() -> Iterator[list[int]]:
    """Stand in for the server's handler of SIGTERM and record its calls."""
    stops: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: stops.append(number))
    yield stops
    signal.signal(signal.SIGTERM, before)


async def test_drains_before_the_server_stops(stops: list[int]) -> None:
    health = Health()
    with draining_on_sigterm(health, seconds=0.1):
        signal.raise_signal(signal.SIGTERM)
        assert health.draining
        await asyncio.sleep(0.03)
        assert stops == []
        await asyncio.sleep(0.15)

    assert stops == [signal.SIGTERM]


async def test_a_second_signal_and_no_drain_time_stop_at_once(stops: list[int]) -> None:
    health = Health()
    with draining_on_sigterm(health, seconds=60):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    with draining_on_sigterm(Health(), seconds=0):
        signal.raise_signal(signal.SIGTERM)

    assert stops == [signal.SIGTERM] * 2


async def test_gives_the_signal_back(stops: list[int]) -> None:
    servers = signal.getsignal(signal.SIGTERM)
    with draining_on_sigterm(Health(), seconds=60):
        assert signal.getsignal(signal.SIGTERM) is not servers

    assert signal.getsignal(signal.SIGTERM) is servers


async def test_leaves_the_signal_alone_outside_the_main_thread() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def run() -> None:
        with draining_on_sigterm(Health(), seconds=60):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert seen == [before]
