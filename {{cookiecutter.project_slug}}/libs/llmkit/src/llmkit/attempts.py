"""One request to one model: let through by breaker, cap and budget, bounded in time, judged, paid and booked."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import structlog
from langchain_core.messages import AIMessage

from llmkit.answers import Draft
from llmkit.call import Call, ModelRef, TokenUsage
from llmkit.errors import (
    AuthenticationFailed,
    Malformed,
    ModelError,
    Overloaded,
    Refused,
    TimedOut,
    Truncated,
)
from llmkit.messages import estimate_input
from llmkit.parts import LeftAlone, Parts
from llmkit.ports import LedgerEntry, Reservation
from llmkit.providers.ports import Ask, Piece, Provider
from llmkit.retrying import Deadline
from servicekit.database import utc_now, uuid7

CANCELLED = "cancelled"
"""The outcome of a call whose caller has gone."""
CLOSE_SECONDS = 1.5
"""How long a provider's connection may take to close before it is given up."""
FREE = Decimal(0)
NOTHING = TokenUsage(0, 0)
_BLAMED = (AuthenticationFailed, Malformed, Overloaded, TimedOut, Truncated)
"""Faults of a provider that open its circuit. Being rate limited is none: it says that the provider is well."""

logger = structlog.get_logger(__name__)


async def open_attempt(parts: Parts, model: ModelRef, call: Call, ask: Ask, deadline: Deadline) -> "Attempt":
    """Get permission for a request.

    Raises:
        LeftAlone: the model's circuit is open, or too many requests wait for it.
        ModelError: the price is unknown, or the budget does not allow it.
    """
    provider = parts.providers.get(model.provider)
    if provider is None:
        raise Refused(f"There is no provider for {model} in the settings.")
    if not await parts.breaker.allow(model):
        raise LeftAlone(f"{model} has failed too often and is left alone for a while.", retry_after=1)
    await parts.slots.acquire(model, deadline)
    try:
        estimate = TokenUsage(estimate_input(ask.messages, ask.tools), ask.max_tokens, estimated=True)
        reservation = await parts.budget.reserve(call, parts.prices.cost(model, estimate))
    except BaseException:
        parts.slots.release(model)
        raise
    parts.metrics.in_work(model, 1)
    return Attempt(parts, provider, model, call, ask, deadline, reservation)


class Attempt:
    """A request that may be sent. It is closed by itself when it fails; else who opened it closes it."""

    def __init__(
        self,
        parts: Parts,
        provider: Provider,
        model: ModelRef,
        call: Call,
        ask: Ask,
        deadline: Deadline,
        reservation: Reservation,
    ) -> None:
        self.model = model
        self.draft = Draft()
        self.usage = NOTHING
        self.cost_usd = FREE
        self._parts = parts
        self._provider = provider
        self._call = call
        self._ask = ask
        self._deadline = deadline
        self._reservation = reservation
        self._began = asyncio.get_running_loop().time()
        self._source: AsyncGenerator[Piece, None] | None = None
        self._held: Piece | None = None
        self._abandoned = False
        """Whether the request was given up or lost, so that the provider may bill an answer that never came."""
        self._message: AIMessage | None = None
        self._ended = False
        self._closed = False

    @property
    def message(self) -> AIMessage:
        """The complete answer, once it is there."""
        assert self._message is not None  # noqa: S101 - for the type checker: asked for after success only
        return self._message

    async def complete(self) -> None:
        """Get the whole answer. Every fault is a `ModelError`."""
        async with self._watched():
            await self._load()
            async with asyncio.timeout_at(self._deadline.within(self._parts.settings.attempt_seconds)):
                self.draft.add(await self._provider.complete(self.model.name, self._ask))
            self._judge()

    async def begin(self) -> None:
        """Wait for the first token of a stream. Every fault is a `ModelError`."""
        async with self._watched():
            await self._load()
            self._source = self._provider.stream(self.model.name, self._ask)
            while self._held is None:
                piece = await self._next()
                if piece is None:
                    self._judge()
                    return
                if self.draft.add(piece):
                    self._held = piece

    async def rest(self) -> AsyncGenerator[Piece, None]:
        """Yield the stream from its first token to its end. Every fault is a `ModelError`."""
        async with self._watched():
            if self._held is not None:
                yield self._held
            while not self._ended:
                piece = await self._next()
                if piece is None:
                    self._judge()
                elif self.draft.add(piece):
                    yield piece

    async def close(self, outcome: str, error: ModelError | None = None) -> None:
        """Tell the breaker, close the connection, pay for what has come and book it.

        Once, however often it is called, and to the end, also when the caller is cancelled meanwhile.
        """
        if not self._closed:
            self._closed = True
            await self._parts.chores.finish(self._close(outcome, error))

    async def _load(self) -> None:
        if not self._provider.loaded:
            await asyncio.to_thread(self._provider.load)

    async def _next(self) -> Piece | None:
        assert self._source is not None  # noqa: S101 - for the type checker: `begin` has set it
        async with asyncio.timeout_at(self._deadline.within(self._parts.settings.stall_seconds)):
            return await anext(self._source, None)

    def _judge(self) -> None:
        self._ended = True
        self._message = self.draft.judge(str(self.model), self._ask.tools)

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """Turn whatever goes wrong into an error of ours, and close."""
        try:
            yield
        except Exception as error:
            named = self._provider.fault(str(self.model), error)
            logger.warning("llm.attempt_failed", model=str(self.model), code=named.code, cause=type(error).__name__)
            self._abandoned = isinstance(error, TimeoutError) or isinstance(named, Truncated)
            await self.close(named.code, named)
            raise named from None  # what a provider says may hold secrets
        except BaseException:
            self._abandoned = True
            await self.close(CANCELLED)
            raise

    async def _close(self, outcome: str, error: ModelError | None) -> None:
        self.usage = self._count()
        try:
            await self._tell_breaker(error)
            if self._source is not None:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._source.aclose()
        finally:
            self._parts.slots.release(self.model)
            self._parts.metrics.in_work(self.model, -1)
            await self._book(outcome)

    async def _tell_breaker(self, error: ModelError | None) -> None:
        spoke = self._ended and self.draft.finish is not None  # badly perhaps, but the provider works
        if isinstance(error, _BLAMED) and not spoke:
            await self._parts.breaker.failed(self.model)
        elif spoke or (error is not None and error.status == 422):
            await self._parts.breaker.succeeded(self.model)

    async def _book(self, outcome: str) -> None:
        if self.usage != NOTHING:
            self.cost_usd = self._parts.prices.cost(self.model, self.usage)
            self._parts.metrics.used(self._call.purpose, self.model, self.usage)
        await self._parts.budget.settle(self._reservation, self.cost_usd)
        seconds = asyncio.get_running_loop().time() - self._began
        await self._parts.ledger.record(make_entry(self._call, self.model, outcome, seconds, self.usage, self.cost_usd))

    def _count(self) -> TokenUsage:
        """The tokens of what has come; estimated where the provider has not told."""
        draft = self.draft
        if not draft.begun:
            return TokenUsage(self._estimate_input(), 0, estimated=True) if self._abandoned else NOTHING
        if draft.usage is None:
            return TokenUsage(self._estimate_input(), draft.estimate_output(), estimated=True)
        usage = draft.usage
        if not usage.input:
            usage = replace(usage, input=self._estimate_input(), estimated=True)
        if draft.finish is None:  # a count from the middle of a stream
            usage = replace(usage, output=max(usage.output, draft.estimate_output()), estimated=True)
        return usage

    def _estimate_input(self) -> int:
        return estimate_input(self._ask.messages, self._ask.tools)


def make_entry(
    call: Call,
    model: ModelRef,
    outcome: str,
    seconds: float,
    usage: TokenUsage = NOTHING,
    cost_usd: Decimal = FREE,
) -> LedgerEntry:
    """Make the line of the ledger for a request."""
    return LedgerEntry(
        id=uuid7(),
        at=utc_now(),
        tenant=call.tenant,
        purpose=call.purpose,
        model=model,
        usage=usage,
        cost_usd=cost_usd,
        outcome=outcome,
        prompt=call.prompt,
        request_id=call.request_id,
        seconds=seconds,
    )
