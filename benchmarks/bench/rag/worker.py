"""A program that is told what to do in lines of JSON, and answers in such lines: so it can be measured in rounds."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench import environments
from bench.family import family
from bench.processes import Command, send
from bench.rag.memory import Peak, PeakWatch


class Worker:
    """A running program, ended at the end of a `with` block. What it logs goes to a file."""

    def __init__(self, command: Command, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command.arguments,
                cwd=command.folder,
                env={**environments.clean(), **command.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        members = family(self._process.pid)
        send(signal.SIGCONT, members)
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        send(signal.SIGKILL, members)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def number(self) -> int:
        """Its process number."""
        return self._process.pid

    def ask(self, **request: Any) -> Any:
        """Send a request and return the answer; RuntimeError when the program ends instead."""
        if self._process.stdin is None:
            raise ValueError("the program needs a pipe")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self.read()

    def read(self) -> Any:
        """Return the next answer. Whatever else the program prints is passed over."""
        for line in self._process.stdout or ():
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"ended without an answer: {self._log}\n{self._log.read_text(errors='replace')[-2000:]}")

    def watch(self) -> PeakWatch:
        """Begin to look at its memory."""
        return PeakWatch(self.number)

    def freeze(self) -> None:
        """Take it off the processor."""
        os.killpg(self.number, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run again."""
        os.killpg(self.number, signal.SIGCONT)


__all__ = ["Peak", "Worker"]
