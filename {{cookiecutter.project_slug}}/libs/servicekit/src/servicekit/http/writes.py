"""One system call for an answer instead of two.

Uvicorn writes the head and the body of an answer apart, and each write wakes the client; for small answers that costs
more than anything else it does. What is written in one turn of the event loop is handed to the kernel together.
"""

import asyncio
from collections.abc import Callable

LARGEST_WAIT_BYTES = 64 * 1024
"""More than this is not held back, so that a stream which never pauses is not collected in memory."""


class JoinedWrites:
    """Stands before a transport and joins its writes; everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._transport = transport
        self._call_soon = call_soon
        self._waiting: list[bytes] = []
        self._bytes = 0

    def write(self, data: bytes) -> None:
        """Keep the data until the end of this turn."""
        if not self._waiting:
            self._call_soon(self.flush)
        self._waiting.append(data)
        self._bytes += len(data)
        if self._bytes > LARGEST_WAIT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand over what waits."""
        if self._waiting:
            data = b"".join(self._waiting)
            self._waiting, self._bytes = [], 0
            self._transport.write(data)

    def close(self) -> None:
        """Hand over what waits, then close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)
