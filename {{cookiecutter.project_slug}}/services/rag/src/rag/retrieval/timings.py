"""How long each stage took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Timings:
    """Milliseconds by stage, in the order in which they ended; `total` counts from the beginning."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._spent: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - begun) * 1000)

    def add(self, name: str, milliseconds: float) -> None:
        """Add time that was measured elsewhere."""
        self._spent[name] = self._spent.get(name, 0.0) + milliseconds

    def since_start(self) -> float:
        """Return the milliseconds since this was made."""
        return (time.perf_counter() - self._begun) * 1000

    def to_dict(self) -> dict[str, float]:
        """Return all stages and the total, in milliseconds to the microsecond."""
        return {name: round(spent, 3) for name, spent in (self._spent | {"total": self.since_start()}).items()}
