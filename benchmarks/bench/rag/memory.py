"""How much memory a program and its children took at most, and hold now.

A process's own memory is what only it can give back: what it has allocated. Beside that, files are mapped into it (its
libraries, and the index of an embedded store): their pages are the kernel's cache, which takes them back whenever
somebody needs them, and which a program that reads its files instead uses as well without being blamed for it.
"""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from bench.family import family
from bench.machine import field

INTERVAL_SECONDS = 0.05
"""Between two looks, which take a millisecond or two of a processor."""
OWN = ("RssAnon", "RssShmem")
MAPPED = ("RssFile",)
OWN_SHARE = ("Pss_Anon", "Pss_Shmem")
"""What forked processes share is divided between them."""


@dataclass(frozen=True, slots=True)
class Peak:
    """Each at its highest, in MB."""

    own: float
    mapped: float  # resident pages of files, libraries included
    children: float  # own memory of all of them together


class PeakWatch:
    """Looks at a process and its descendants until it is stopped."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._own = self._mapped = self._children = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> Peak:
        """Look once more, and return what was seen."""
        self._stop.set()
        self._thread.join()
        self._look()
        return Peak(self._own, self._mapped, self._children)

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            self._look()

    def _look(self) -> None:
        status = Path(f"/proc/{self._process}/status")
        self._own = max(self._own, megabytes(status, *OWN))
        self._mapped = max(self._mapped, megabytes(status, *MAPPED))
        command = _command(self._process)  # before it runs its program, a child shares its parent's memory
        begun = [child for child in descendants_of(self._process) if _command(child) != command]
        shares = (megabytes(Path(f"/proc/{child}/smaps_rollup"), *OWN_SHARE) for child in begun)
        self._children = max(self._children, sum(shares))


def descendants_of(process: int) -> list[int]:
    """Return the children of a process, and theirs."""
    found = children_of(process)
    for child in found:  # grows while it is walked
        found += children_of(child)
    return found


def children_of(process: int) -> list[int]:
    """Return the children that any thread of a process has started; none where the kernel does not tell."""
    lists = Path(f"/proc/{process}/task").glob("*/children")
    return [int(number) for each in lists for number in _read(each).split()]


def megabytes(file: Path, *names: str) -> float:
    """Return the sum of fields such as `VmRSS: 123 kB`, 0 when the process has gone."""
    lines = _read(file).splitlines()
    values = (field(lines, name) for name in names)
    return sum(int(value.split()[0]) for value in values if value) / 1024


def processor_seconds(process: int) -> float:
    """Return what a process has used so far, with those of its children that have ended; 0 when it has gone."""
    fields = _read(Path(f"/proc/{process}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def held_by(first: int) -> dict[int, tuple[str, float, float]]:
    """Return command line, resident MB and proportional MB (shared pages divided) of a process and its descendants."""
    found = {}
    for member in family(first):
        folder = Path(f"/proc/{member.number}")
        resident = megabytes(folder / "smaps_rollup", "Rss")
        if resident:
            found[member.number] = (_command(member.number), resident, megabytes(folder / "smaps_rollup", "Pss"))
    return found


def _command(process: int) -> str:
    return " ".join(_read(Path(f"/proc/{process}/cmdline")).split("\0")).strip()


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it ended while it was looked at
        return ""
