"""Start a server on its own core, wait for it, freeze it while another one is measured, and stop it."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import environments
from bench.family import Member, family

READY_SECONDS = 180.0  # many start at once


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: its arguments, what it needs in its environment, and where it runs."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None  # another user to run it as; only root can


@contextmanager
def pinned(cpu: int | None) -> Iterator[None]:
    """Keep this process on one core for the time of the block. Does nothing where the system cannot."""
    if cpu is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


class Server:
    """A running program with all the processes it started."""

    def __init__(self, command: Command, port: int, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.port = port
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command.arguments,
                cwd=command.folder,
                env={**environments.clean(), **command.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=command.user,
            )

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return ("127.0.0.1", self.port)

    def wait_until_ready(self, path: str) -> "Server":
        """Return when `path` answers 200; raise with the end of the log when the program ends or takes too long."""
        return self._wait(lambda: exchange(self.address, "GET", path)[0] == 200)

    def wait_until_listening(self) -> "Server":
        """Return when it takes connections, for a server that does not speak HTTP."""
        return self._wait(lambda: socket.create_connection(self.address, timeout=1).close() is None)

    def _wait(self, ready: Callable[[], bool]) -> "Server":
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"ended with code {self._process.returncode}: {self.log}\n{self._log_end()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if ready():
                    return self
            time.sleep(0.1)
        raise TimeoutError(f"not ready after {READY_SECONDS:.0f} s: {self.log}\n{self._log_end()}")

    def pin(self, cpu: int | None) -> None:
        """Keep all its processes, and those they will start, on one core."""
        if cpu is None or not hasattr(os, "sched_setaffinity"):
            return
        for member in family(self._process.pid):
            for thread in member.threads():
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(thread, {cpu})

    def freeze(self) -> None:
        """Take it off the processor without losing its connections or its memory."""
        send(signal.SIGSTOP, family(self._process.pid))

    def thaw(self) -> None:
        """Let it run again."""
        send(signal.SIGCONT, family(self._process.pid))

    def memory(self) -> dict[str, float]:
        """Return the resident memory of each of its processes in MB, by process number and program."""
        return {f"{member.number} {member.name}": member.megabytes for member in family(self._process.pid)}

    def stop(self) -> None:
        """End all its processes: politely, and after ten seconds by force."""
        members = family(self._process.pid)
        send(signal.SIGCONT, members)
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        send(signal.SIGKILL, members)
        self._process.wait()

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


def send(number: signal.Signals, members: list[Member]) -> None:
    """Send a signal to processes, as far as they are still there."""
    for member in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member.number, number)


def exchange(
    address: tuple[str, int],
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Send one request on a connection of its own; return status and body."""
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
