"""Whether this process lives, may be given requests, and what it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

Check = Callable[[], Awaitable[object]]

CHECK_SECONDS = 2.0
"""A check that takes longer has failed."""
CACHE_SECONDS = 1.0
"""Probes of many load balancers must not become load on the database."""

_FAILING = "failing: "

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests may come, and how each part does (`ok`, `degraded: …` or `failing: …`)."""

    status: str
    checks: dict[str, str]

    @property
    def ready(self) -> bool:
        """Whether requests may come."""
        return self.status == "ready"


class Health:
    """The checks behind `/readyz`."""

    def __init__(self, *, check_seconds: float = CHECK_SECONDS, cache_seconds: float = CACHE_SECONDS) -> None:
        self.draining = False
        """The process is about to stop: no new requests, please."""
        self._check_seconds = check_seconds
        self._cache_seconds = cache_seconds
        self._checks: dict[str, Check] = {}
        self._results: dict[str, str] = {}
        self._valid_until = 0.0
        self._lock = asyncio.Lock()

    def add(self, name: str, check: Check) -> None:
        """Add a part that readiness depends on.

        Its check raises when the part does not work. One that works with a restriction returns a text that says so: the
        process stays ready. The text is public, so it names no addresses and no tenant's things.
        """
        self._checks[name] = check

    async def readiness(self) -> Readiness:
        """Ask all parts, at most once a second."""
        async with self._lock:
            if time.monotonic() >= self._valid_until:
                results = await asyncio.gather(*(self._ask(name, check) for name, check in self._checks.items()))
                self._results = dict(zip(self._checks, results, strict=True))
                self._valid_until = time.monotonic() + self._cache_seconds
        if self.draining:
            return Readiness("draining", self._results)
        works = not any(result.startswith(_FAILING) for result in self._results.values())
        return Readiness("ready" if works else "not_ready", self._results)

    async def _ask(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(self._check_seconds):
                restriction = await check()
        except Exception as error:
            logger.warning("readiness.failed", check=name, error=repr(error))
            # The message may hold addresses and credentials; the kind of error is enough for a probe.
            return f"{_FAILING}{type(error).__name__}"
        return f"degraded: {restriction}" if isinstance(restriction, str) else "ok"
