"""A circuit breaker that processes share through Redis.

Three keys of a model: `failures` counts those in a row, `open` lives as long as the circuit is open, and `rest` lives
while nobody may call. Who makes `rest` when it has run out is the probe: making a key that must not exist is atomic, so
there is one among all processes, and no clock but that of Redis is asked.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from llmkit.breaker.memory import MemoryBreaker, Notify, ignore
from llmkit.call import ModelRef

T = TypeVar("T")
RETRY_SECONDS = 1.0
"""How long Redis is left alone after a failure: calls must not queue up behind its time-outs."""
FORGET_SECONDS = 3600
"""A circuit that nobody has asked for in so long is closed."""

logger = structlog.get_logger(__name__)


class RedisBreaker:
    """Like `MemoryBreaker`, and shared. Without Redis each process goes on with what it knows itself."""

    def __init__(
        self,
        redis: Redis,
        *,
        failures: int,
        seconds: float,
        notify: Notify = ignore,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._threshold = failures
        self._milliseconds = max(1, int(seconds * 1000))
        self._now = now
        self._notify = notify
        self._own = MemoryBreaker(failures=failures, seconds=seconds, notify=notify, now=now)
        self._retry_at = 0.0
        self._troubled: set[ModelRef] = set()
        """Models with failures or an open circuit, as last seen: only their successes have to be told."""

    async def allow(self, model: ModelRef) -> bool:
        """Whether a call may be sent now; among all processes, one probe at a time may."""
        allowed = await self._try(lambda: self._allow(model))
        return await self._own.allow(model) if allowed is None else allowed

    async def succeeded(self, model: ModelRef) -> None:
        """Close the circuit for everyone."""
        await self._own.succeeded(model)
        if model in self._troubled and await self._try(lambda: self._close(model)):
            self._troubled.discard(model)

    async def failed(self, model: ModelRef) -> None:
        """Count a failure for everyone."""
        await self._own.failed(model)
        self._troubled.add(model)
        await self._try(lambda: self._fail(model))

    async def _allow(self, model: ModelRef) -> bool:
        opened, failures = await self._redis.mget(_key(model, "open"), _key(model, "failures"))
        if model in self._troubled or opened is not None:
            self._notify(model, opened is not None)
        if opened is None and failures is None:
            self._troubled.discard(model)
            return True
        self._troubled.add(model)
        if opened is None:
            return True
        return bool(await self._redis.set(_key(model, "rest"), 1, nx=True, px=self._milliseconds))

    async def _close(self, model: ModelRef) -> bool:
        await self._redis.delete(_key(model, "open"), _key(model, "failures"), _key(model, "rest"))
        return True

    async def _fail(self, model: ModelRef) -> bool:
        failures = await self._redis.incr(_key(model, "failures"))
        await self._redis.expire(_key(model, "failures"), FORGET_SECONDS)
        if failures >= self._threshold:
            await self._redis.set(_key(model, "rest"), 1, px=self._milliseconds)
            await self._redis.set(_key(model, "open"), 1, ex=FORGET_SECONDS)
            self._notify(model, True)
        return True

    async def _try(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        if self._now() < self._retry_at:
            return None
        try:
            return await ask()
        except (RedisError, OSError) as error:
            self._retry_at = self._now() + RETRY_SECONDS
            logger.warning("llm.breaker_storage_failed", error=type(error).__name__)
            return None


def _key(model: ModelRef, name: str) -> str:
    return f"llmkit:breaker:{model}:{name}"
