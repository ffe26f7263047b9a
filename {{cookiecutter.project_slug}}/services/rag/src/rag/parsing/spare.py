"""A parser process that waits for its file: a short document is read in less time than a process takes to start."""

import json
import subprocess
import threading
from collections.abc import Sequence

from rag.parsing.starting import WAIT, ParserUnavailable, end, start


class SpareParser:
    """At most one process, which has imported everything. Like any other, it reads one file and ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: subprocess.Popen[bytes] | None = None
        self._closed = False

    def take(self, arguments: Sequence[str]) -> subprocess.Popen[bytes] | None:
        """Return the process at work on a file; None when there is none, or it has ended meanwhile."""
        with self._lock:
            process, self._waiting = self._waiting, None
        if process is None or process.stdin is None:
            return None
        try:
            with process.stdin:
                process.stdin.write(json.dumps(arguments).encode() + b"\n")
        except OSError:
            end(process)
            return None
        return process

    def prepare(self) -> None:
        """Make sure that a process waits, if one can be started."""
        with self._lock:
            if self._waiting is None and not self._closed:
                try:
                    self._waiting = start([WAIT], stdin=subprocess.PIPE)
                except ParserUnavailable:
                    return  # whoever needs one says so

    def close(self) -> None:
        """End the process; none is made any more."""
        with self._lock:
            process, self._waiting, self._closed = self._waiting, None, True
        if process is not None:
            end(process)
