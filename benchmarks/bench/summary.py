"""From the rounds' samples to one figure per server, model and number of connections."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One round of one server: its rate in requests per second, and its latencies in milliseconds."""

    server: str
    model: str
    connections: int
    rate: float
    p50: float
    p99: float
    failures: int


@dataclass(frozen=True, slots=True)
class Figure:
    """The medians of all rounds, and how far apart the rounds were."""

    server: str
    model: str
    connections: int
    rate: float
    slowest: float  # the lowest and highest rate of any round
    fastest: float
    p50: float
    p99: float
    failures: int  # the sum


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest of the sorted values that at least `share` of them do not exceed."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def summarise(readings: Iterable[Reading]) -> list[Figure]:
    """Return a figure per server, model and number of connections, in the order in which they were first read."""
    groups: defaultdict[tuple[str, str, int], list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[reading.server, reading.model, reading.connections].append(reading)
    return [_figure(group) for group in groups.values()]


def _figure(group: list[Reading]) -> Figure:
    rates = [reading.rate for reading in group]
    return Figure(
        server=group[0].server,
        model=group[0].model,
        connections=group[0].connections,
        rate=statistics.median(rates),
        slowest=min(rates),
        fastest=max(rates),
        p50=statistics.median(reading.p50 for reading in group),
        p99=statistics.median(reading.p99 for reading in group),
        failures=sum(reading.failures for reading in group),
    )
