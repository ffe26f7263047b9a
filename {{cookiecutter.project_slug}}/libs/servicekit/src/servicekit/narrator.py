"""Telling what a demonstration does, on a terminal or in a log."""

import sys
import time
from typing import TextIO

_WIDTH = 100


class DemoFailed(Exception):
    """The service did not do what the story says."""


class Narrator:
    """Prints acts, lines and a progress line that overwrites itself where that is possible."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._started = time.monotonic()
        self._acts = 0
        self._shown = ""

    def act(self, title: str) -> None:
        """Begin a part of the story."""
        self._acts += 1
        self._write(f"\n{self._acts}. {title}  [{time.monotonic() - self._started:.0f} s]\n")

    def say(self, text: str) -> None:
        """Tell one thing."""
        self._write(f"   {text}\n")

    def progress(self, fraction: float, message: str) -> None:
        """Show how far a job is."""
        line = f"   {fraction:4.0%}  {message}"[:_WIDTH]
        if line == self._shown:
            return
        self._shown = line
        self._write(f"\r{line:<{_WIDTH}}" if self._out.isatty() else f"{line}\n")

    def end_progress(self) -> None:
        """Go on below the progress line."""
        if self._shown and self._out.isatty():
            self._write("\n")
        self._shown = ""

    def expect(self, truth: bool, what: str) -> None:
        """Go on if something is as it should be.

        Raises:
            DemoFailed: it is not.
        """
        if not truth:
            raise DemoFailed(f"expected: {what}")
        self.say(f"ok: {what}")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
