"""What the service adds to the time of an answer."""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.rag.installation import NAME
from bench.rag.scene import DIRECT, EVENTS, SDK, Scene, scene
from bench.rag.streams import Heard

PAUSE_SECONDS = 0.02
"""Between two words: 50 words a second."""


@dataclass(frozen=True, slots=True)
class AnswerFigure:
    """Medians over all answers, in ms."""

    route: str
    contender: str
    answers: int
    first: float  # time to the first text
    total: float


def measure_answers(count: int, rounds: int, python: Path, build: Path) -> list[AnswerFigure]:
    """Ask mock and service in turn; return medians."""
    heard: defaultdict[tuple[str, str], list[Heard]] = defaultdict(list)

    async def ask_all(place: Scene) -> None:
        async with AsyncExitStack() as stack:
            kinds = [(route, name) for route in (SDK, EVENTS) for name in (DIRECT, NAME)]
            asks = {(route, name): await stack.enter_async_context(place.asked(name, route)) for route, name in kinds}
            for ask in asks.values():
                await ask()  # warm-up
            for _ in range(rounds * count):
                for kind, ask in asks.items():
                    heard[kind].append(await ask())

    with scene(PAUSE_SECONDS, python, build) as place:
        asyncio.run(ask_all(place))
    _check(heard)
    return [_figure(route, name, answers) for (route, name), answers in heard.items()]


def _check(heard: Mapping[tuple[str, str], Sequence[Heard]]) -> None:
    """Fail unless the service gave the mock's answer: one that it withholds would be measured as something else."""
    texts = {each.text.split(".")[0] for answers in heard.values() for each in answers}
    if len(texts) != 1:
        raise RuntimeError(f"mock and service answered differently: {sorted(texts)}")


def _figure(route: str, name: str, answers: Iterable[Heard]) -> AnswerFigure:
    heard = list(answers)
    first, total = (
        statistics.median(values) for values in zip(*((one.first, one.total) for one in heard), strict=True)
    )
    return AnswerFigure(route, name, len(heard), first, total)
