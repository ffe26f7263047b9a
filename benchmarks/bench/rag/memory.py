"""How much memory a program and its children took at most, and hold now."""

import threading
from dataclasses import dataclass
from pathlib import Path

from bench.family import family
from bench.machine import field

INTERVAL_SECONDS = 0.05
"""Between two looks. The kernel keeps each process's peak, so only the last moment of a short child can be missed."""


@dataclass(frozen=True, slots=True)
class Peak:
    """Resident memory at its highest, in MB."""

    own: float
    children: float  # of the largest child

    @property
    def together(self) -> float:
        """Both, as if they had been reached at the same time."""
        return self.own + self.children


class PeakWatch:
    """Looks at a process and its children until it is stopped."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._peaks: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> Peak:
        """Look once more, and return what was seen."""
        self._stop.set()
        self._thread.join()
        self._look()
        children = [peak for process, peak in self._peaks.items() if process != self._process]
        return Peak(self._peaks.get(self._process, 0.0), max(children, default=0.0))

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            self._look()

    def _look(self) -> None:
        own = _command(self._process)
        begun = [child for child in children_of(self._process) if _command(child) != own]
        for process in (self._process, *begun):  # before it runs its program, a child shares its parent's memory
            peak = megabytes(Path(f"/proc/{process}/status"), "VmHWM")
            self._peaks[process] = max(peak, self._peaks.get(process, 0.0))


def children_of(process: int) -> list[int]:
    """Return the children that any thread of a process has started; none where the kernel does not tell."""
    lists = Path(f"/proc/{process}/task").glob("*/children")
    return [int(number) for each in lists for number in _read(each).split()]


def megabytes(file: Path, name: str) -> float:
    """Return a field such as `VmRSS: 123 kB`, 0 when the process has gone."""
    value = field(_read(file).splitlines(), name)
    return int(value.split()[0]) / 1024 if value else 0.0


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
