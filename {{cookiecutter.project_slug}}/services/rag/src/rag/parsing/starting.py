"""Starting and ending a parser process."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

PROGRAM = "rag.parsing.child"
WAIT = "-"
"""The only argument of a process that imports everything and then forks itself, by orders from its standard input."""
START = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module(sys.argv.pop(1), run_name='__main__')"
"""An isolated interpreter knows neither the environment nor its folder: it is told where this package is."""


class ParserProcess(Protocol):
    """What is used of `subprocess.Popen`."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    returncode: int | None

    def poll(self) -> int | None:
        """Return its exit status, None while it runs."""
        ...

    def kill(self) -> None:
        """End it now."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status. Raises `subprocess.TimeoutExpired`."""
        ...


class ParserUnavailable(Exception):
    """The parser process could not be started: the machine's fault, not the file's, so trying again may help."""


def start(
    arguments: Sequence[str], program: str = PROGRAM, *, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a process that knows nothing of this one's environment. Raises `ParserUnavailable`."""
    home = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-I", "-B", "-X", "utf8", "-c", START, home, program, *arguments]
    try:
        return subprocess.Popen(  # noqa: S603 - our own program; the arguments are data
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise ParserUnavailable(f"the parser process did not start: {error}") from error


def end(process: ParserProcess) -> None:
    """Kill a process if it still runs, and keep nothing of it."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()
