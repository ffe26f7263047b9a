"""How the service shares itself among many answers at once."""

import asyncio
import statistics
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rag.installation import NAME
from bench.rag.memory import held_by
from bench.rag.scene import DIRECT, RAW, Scene, scene
from bench.rag.streams import Heard
from bench.summary import quantile

PAUSE_SECONDS = 0.2
"""Between two words of each answer: 5 words a second, 1,000 a second of 200 together."""


@dataclass(frozen=True, slots=True)
class CrowdFigure:
    """Many streams at once."""

    contender: str
    streams: int
    first_p50: float  # ms
    first_slowest: float
    fastest: float  # ms for the whole answer
    slowest: float
    longest_gap: float  # ms without a new word, in any stream
    mb_a_stream: float  # proportional memory of the server's process beyond what it held after one answer


def measure_crowd(streams: int, rounds: int, python: Path, build: Path) -> list[CrowdFigure]:
    """Ask many times at once: the mock, then the service; return medians over the rounds."""
    found: defaultdict[str, list[CrowdFigure]] = defaultdict(list)
    with scene(PAUSE_SECONDS, python, build) as place:
        for name in (DIRECT, NAME):
            asyncio.run(_ask(place, name, 1))  # warm-up
        before = _proportional(place.service_process)
        for _ in range(rounds):
            for name in (DIRECT, NAME):
                found[name].append(_crowd(name, place, streams, before))
    return [middle(figures) for figures in found.values()]


def middle(figures: Sequence[CrowdFigure]) -> CrowdFigure:
    """Return the medians of several rounds."""
    names = ("first_p50", "first_slowest", "fastest", "slowest", "longest_gap", "mb_a_stream")
    medians = {name: statistics.median(getattr(each, name) for each in figures) for name in names}
    return CrowdFigure(figures[0].contender, figures[0].streams, **medians)


async def _ask(place: Scene, name: str, streams: int) -> list[Heard]:
    async with place.asked(name, RAW) as ask:
        return await asyncio.gather(*(ask() for _ in range(streams)))


def _crowd(name: str, place: Scene, streams: int, before: float) -> CrowdFigure:
    with _Highest(place.service_process) as highest:
        heard = asyncio.run(_ask(place, name, streams))
    firsts, totals = sorted(each.first for each in heard), sorted(each.total for each in heard)
    return CrowdFigure(
        contender=name,
        streams=streams,
        first_p50=quantile(firsts, 0.5),
        first_slowest=firsts[-1],
        fastest=totals[0],
        slowest=totals[-1],
        longest_gap=max(each.longest_gap for each in heard),
        mb_a_stream=(highest.mb - before) / streams if name == NAME else 0.0,
    )


class _Highest:
    """Looks at a process's proportional memory for the time of a block."""

    def __init__(self, process: int) -> None:
        self.mb = 0.0
        self._process = process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "_Highest":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self.mb = max(self.mb, _proportional(self._process))


def _proportional(process: int) -> float:
    return sum(proportional for _, _, proportional in held_by(process).values())
