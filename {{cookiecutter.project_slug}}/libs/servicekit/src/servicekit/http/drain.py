"""Leaves without dropping a request: on SIGTERM `/readyz` says 503 at once, requests are still taken for a while.

Load balancers learn from the probe, or from the orchestrator at about the same moment, that this process is leaving;
until they have, they go on sending. So the server's own handler, which stops listening, is called only after a delay.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

from servicekit.http.health import Health

logger = structlog.get_logger(__name__)

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def draining_on_sigterm(health: Health, seconds: float) -> Iterator[None]:
    """Put the drain before the server's handling of SIGTERM, for the time of the block. A second signal ends it."""
    stop = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(stop):
        yield  # under a test, or a server that does not handle the signal
        return
    loop = asyncio.get_running_loop()
    handler = _drain(loop, health, seconds, stop)
    signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is handler:
            signal.signal(signal.SIGTERM, stop)


def _drain(loop: asyncio.AbstractEventLoop, health: Health, seconds: float, stop: Handler) -> Handler:
    def handle(number: int, frame: FrameType | None) -> None:
        if health.draining or seconds == 0:
            health.draining = True
            stop(number, frame)
            return
        health.draining = True
        loop.call_soon_threadsafe(begin, number)

    def begin(number: int) -> None:
        logger.info("drain.started", seconds=seconds)
        loop.call_later(seconds, stop, number, None)

    return handle
