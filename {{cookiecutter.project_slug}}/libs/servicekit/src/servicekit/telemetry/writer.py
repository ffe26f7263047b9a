"""Writes log lines without ever making the caller wait for standard output."""

import atexit
import contextlib
import os
import select
import threading
from collections import deque

CAPACITY = 50_000
"""Lines held while the reader of our output is slow; more are dropped and counted."""
FLUSH_SECONDS = 0.1
BATCH = 1_000


class LineWriter:
    """Collects lines and writes them in batches from a thread of its own.

    Appending costs well under a microsecond. A full pipe blocks the thread and nobody else.
    """

    def __init__(self, descriptor: int, *, capacity: int = CAPACITY, flush_seconds: float = FLUSH_SECONDS) -> None:
        self.dropped = 0
        """Lines lost since the start because the reader was too slow or went away."""
        self._descriptor = descriptor
        self._capacity = capacity
        self._flush_seconds = flush_seconds
        self._lines: deque[bytes] = deque()
        self._start()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._start_in_child)

    def append(self, line: bytes, *, urgent: bool = False) -> None:
        """Take a line; an urgent one is written as soon as the thread gets to run."""
        if len(self._lines) >= self._capacity:
            self.dropped += 1
            return
        self._lines.append(line)
        if urgent:
            self._wake.set()

    def close(self, seconds: float = 2) -> None:
        """Write what is left, waiting for a slow reader no longer than that."""
        self._closing = True
        self._wake.set()
        self._thread.join(seconds)
        atexit.unregister(self.close)

    def _start(self) -> None:
        self._closing = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def _start_in_child(self) -> None:
        if not self._closing:
            self._lines.clear()  # the parent writes them
            self._start()

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(self._flush_seconds)
            self._wake.clear()
            self._flush()
        self._flush()

    def _flush(self) -> None:
        while self._lines:
            lines = [self._lines.popleft() for _ in range(min(len(self._lines), BATCH))]
            try:
                self._write(b"".join(lines))
            except OSError:
                self.dropped += len(lines)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:  # someone made the descriptor non-blocking
                with contextlib.suppress(InterruptedError):
                    select.select([], [self._descriptor], [])
