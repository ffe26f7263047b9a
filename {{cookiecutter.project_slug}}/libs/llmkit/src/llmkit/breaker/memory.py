"""A circuit breaker of this process alone."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from llmkit.call import ModelRef

Notify: TypeAlias = Callable[[ModelRef, bool], None]
"""Is told of a model whether its circuit is open."""


def ignore(model: ModelRef, is_open: bool) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    opened: bool = False
    rests_until: float = 0.0


class MemoryBreaker:
    """Opens after so many failures in a row, rests, and then lets one call at a time find out."""

    def __init__(
        self,
        *,
        failures: int,
        seconds: float,
        notify: Notify = ignore,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = failures
        self._seconds = seconds
        self._notify = notify
        self._now = now
        self._circuits: defaultdict[ModelRef, _Circuit] = defaultdict(_Circuit)

    async def allow(self, model: ModelRef) -> bool:
        """Whether a call may be sent now.

        A probe that never reports, because its caller has gone, holds the place for as long as a rest.
        """
        circuit = self._circuits[model]
        if not circuit.opened:
            return True
        if self._now() < circuit.rests_until:
            return False
        circuit.rests_until = self._now() + self._seconds
        return True

    async def succeeded(self, model: ModelRef) -> None:
        """Close the circuit."""
        if self._circuits.pop(model, None) is not None:
            self._notify(model, False)

    async def failed(self, model: ModelRef) -> None:
        """Count a failure; a probe that fails opens the circuit again."""
        circuit = self._circuits[model]
        circuit.failures += 1
        if circuit.failures >= self._threshold:
            circuit.opened = True
            circuit.rests_until = self._now() + self._seconds
            self._notify(model, True)
