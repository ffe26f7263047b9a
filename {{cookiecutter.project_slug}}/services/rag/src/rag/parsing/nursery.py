"""Makes parser processes quickly: by letting a process fork itself that has imported all readers already.

To start Python and import the readers takes longer than to read a short document. The process that is forked sees no
file, so each parser begins as clean as one that was started for its file.
"""

import json
import math
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import IO

from rag.parsing.forking import LONGEST_LINE
from rag.parsing.starting import WAIT, ParserUnavailable, end, start

ANSWER_SECONDS = 30.0
"""How long the forked process may take to answer. The first time it imports everything before it does."""
LOOK_SECONDS = 0.005


class Nursery:
    """At most one process that forks itself; it is made when it is first needed, and again when it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._closed = False

    def start(self, arguments: Sequence[str]) -> "ForkedParser":
        """Return a new process at work on a file. Raises `ParserUnavailable`."""
        try:
            reading, writing = os.pipe()
        except OSError as error:
            raise ParserUnavailable(f"no parser process could be made: {error}") from error
        try:
            number = self._fork(arguments, writing)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return ForkedParser(self, number, reading)

    def close(self) -> None:
        """End the process and all that it has made; none is made any more."""
        with self._lock:
            self._closed = True
            self._discard()

    def look(self, number: int, *, kill: bool = False) -> int | None:
        """Return how one of the parsers has ended, None while it runs. Raises `ParserUnavailable`."""
        with self._lock:
            try:
                status = self._ask(["kill" if kill else "look", number])
            except OSError as error:
                self._discard()
                raise ParserUnavailable(f"the process that makes parsers has ended: {error}") from error
        return None if status is None else os.waitstatus_to_exitcode(status)

    def _fork(self, arguments: Sequence[str], output: int) -> int:
        with self._lock:
            for last in (False, True):
                try:
                    self._prepare()
                    number = self._ask(["fork", *arguments], output)
                except OSError as error:  # it has died meanwhile
                    self._discard()
                    if last:
                        raise ParserUnavailable(f"the process that makes parsers does not answer: {error}") from error
                else:
                    if number is not None:
                        return number
        raise ParserUnavailable("no parser process could be made")

    def _prepare(self) -> None:
        if self._closed:
            raise ParserUnavailable("no parser is made any more")
        if self._process is None:
            ours, theirs = socket.socketpair()
            ours.settimeout(ANSWER_SECONDS)
            self._control = ours
            try:
                with theirs:
                    self._process = start([WAIT], stdin=theirs.fileno())
            except ParserUnavailable:
                self._discard()
                raise

    def _ask(self, request: Sequence[object], output: int | None = None) -> int | None:
        """Send a line and return the number of the answer. Raises `OSError`."""
        if self._control is None:
            raise ConnectionError("there is no such process")
        line = json.dumps(request).encode() + b"\n"
        passed = [] if output is None else [output]
        sent = socket.send_fds(self._control, [line], passed)
        self._control.sendall(line[sent:])
        answer = self._control.recv(LONGEST_LINE)
        if not answer:
            raise ConnectionError("it has ended")
        number: int | None = json.loads(answer)
        return number

    def _discard(self) -> None:
        process, self._process = self._process, None
        control, self._control = self._control, None
        if control is not None:
            control.close()
        if process is not None:
            end(process)


class ForkedParser:
    """A parser process that is not this one's child, in what is used of `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, number: int, output: int) -> None:
        self._nursery = nursery
        self.pid = number
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = os.fdopen(output, "rb")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit status, None while it runs."""
        if self.returncode is None:
            self.returncode = self._nursery.look(self.pid)
        return self.returncode

    def kill(self) -> None:
        """End it now."""
        if self.returncode is None:
            try:
                self.returncode = self._nursery.look(self.pid, kill=True)
            except ParserUnavailable:  # and so it has ended with the one that made it
                self.returncode = -signal.SIGKILL

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status. Raises `subprocess.TimeoutExpired`."""
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("parser", timeout or 0)
            time.sleep(LOOK_SECONDS)
        return status
