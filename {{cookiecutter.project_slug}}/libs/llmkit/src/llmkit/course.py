"""The course of one call: the cache, then model after model and attempt after attempt, until one has answered."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Literal

import structlog
from langchain_core.messages import AIMessage, AIMessageChunk

from llmkit.attempts import CANCELLED, FREE, NOTHING, Attempt, make_entry, open_attempt
from llmkit.call import CacheMode, Call, CallReport, ModelRef
from llmkit.errors import ModelError, TimedOut
from llmkit.messages import last_chunk, with_report
from llmkit.parts import Parts
from llmkit.ports import AnswerCache, CachedAnswer
from llmkit.providers.ports import Ask, Finish
from llmkit.retrying import Deadline
from llmkit.telemetry import CallSpan

logger = structlog.get_logger(__name__)


class Course:
    """Answers one call, once."""

    def __init__(self, parts: Parts, call: Call, models: Sequence[ModelRef], ask: Ask) -> None:
        self._parts = parts
        self._call = call
        self._models = models
        self._ask = ask
        self._began = asyncio.get_running_loop().time()
        self._deadline = Deadline(call.deadline_seconds or parts.settings.deadline_seconds)
        self._span = CallSpan(call, models[0], ask.max_tokens, capture=parts.settings.capture_content)
        self._model = models[0]
        self._attempts = 0
        self._left: list[str] = []
        self._first: float | None = None
        self._outcome = ""
        self._kind: Literal["exact", "semantic"] | None = None

    async def complete(self) -> AIMessage:
        """Return the answer; every fault is a `ModelError`."""
        async with self._watched():
            cached = await self._find()
            if cached is not None:
                return with_report(cached, *self._recall(cached))
            attempt = await self._win(streaming=False)
            return with_report(attempt.message, *await self._finish(attempt))

    async def stream(self) -> AsyncGenerator[AIMessageChunk, None]:
        """Yield the answer as it comes, and at last an empty chunk with the report; every fault is a `ModelError`."""
        async with self._watched():
            cached = await self._find()
            if cached is not None:
                yield AIMessageChunk(content=cached.content)
                yield last_chunk(*self._recall(cached))
                return
            attempt = await self._win(streaming=True)
            async with aclosing(attempt.rest()) as pieces:
                async for piece in pieces:
                    yield AIMessageChunk(content=piece.text, tool_call_chunks=list(piece.calls))
            yield last_chunk(*await self._finish(attempt))

    async def _win(self, *, streaming: bool) -> Attempt:
        """Go through the models until one answers, or begins to."""
        for position, model in enumerate(self._models):
            last = position == len(self._models) - 1
            self._model = model
            try:
                return await self._insist(model, streaming=streaming, last=last)
            except ModelError as error:
                if last or not error.fall_back or self._deadline.remaining() <= 0:
                    raise
                self._left.append(str(model))
                self._parts.metrics.fell_back(model, error.code)
                self._span.event("fallback", model, error.code)
                logger.warning("llm.fell_back", model=str(model), purpose=self._call.purpose, code=error.code)
        raise AssertionError("a chain holds at least one model")

    async def _insist(self, model: ModelRef, *, streaming: bool, last: bool) -> Attempt:
        """Ask one model until it answers, it makes no sense, or the next one would be quicker."""
        number = 0
        while True:
            number += 1
            self._deadline.check()
            try:
                return await self._try(model, streaming=streaming)
            except ModelError as error:
                pause = self._parts.backoff.pause(number, error.retry_after)
                if self._gives_up(error, number, pause, last=last):
                    raise
                self._parts.metrics.retried(model, error.code)
                self._span.event("retry", model, error.code)
            await asyncio.sleep(pause)

    def _gives_up(self, error: ModelError, number: int, pause: float, *, last: bool) -> bool:
        settings = self._parts.settings
        if not error.retryable or number >= settings.attempts or pause >= self._deadline.remaining():
            return True
        # With another model at hand, neither a second time-out nor a long pause is worth the wait.
        return not last and (isinstance(error, TimedOut) or (error.retry_after or 0) > settings.backoff_max_seconds)

    async def _try(self, model: ModelRef, *, streaming: bool) -> Attempt:
        attempt = await open_attempt(self._parts, model, self._call, self._ask, self._deadline)
        self._attempts += 1
        if not streaming:
            await attempt.complete()
        else:
            await attempt.begin()
            self._first = self._seconds()
        return attempt

    async def _finish(self, attempt: Attempt) -> tuple[str, CallReport]:
        """Pay, note and keep a complete answer; return how it ended and what is known about it."""
        await attempt.close("ok")
        report = self._report(attempt)
        finish = attempt.draft.finish or Finish.STOP
        self._span.answered(report, finish, attempt.draft.model, attempt.draft.text)
        await self._store(attempt)
        self._outcome = "ok"
        return finish, report

    def _report(self, attempt: Attempt) -> CallReport:
        return CallReport(
            model=attempt.model,
            usage=attempt.usage,
            cost_usd=attempt.cost_usd,
            prompt=self._call.prompt,
            attempts=self._attempts,
            fell_back_from=tuple(self._left),
            first_token_seconds=self._first,
            seconds=self._seconds(),
        )

    def _seconds(self) -> float:
        return round(asyncio.get_running_loop().time() - self._began, 4)

    @property
    def _cache(self) -> AnswerCache | None:
        """The cache, if this call may use it.

        Callers without a name would share theirs, so they have none. Neither have calls with tools: whether arguments
        follow a schema is judged by whoever asked, when the answer would have been kept already.
        """
        may = self._call.cache is not CacheMode.OFF and self._call.tenant.strip() and not self._ask.tools
        return self._parts.cache if may else None

    async def _find(self) -> AIMessage | None:
        if self._cache is None:
            return None
        try:
            found = await self._cache.find(self._call, self._models, self._ask.messages, self._options())
        except Exception as error:
            logger.warning("llm.cache_failed", error=type(error).__name__)
            return None
        if found is None:
            return None
        self._kind, self._model = found.kind, found.model
        return found.message.model_copy()

    def _recall(self, message: AIMessage) -> tuple[str, CallReport]:
        """Note an answer from the cache; return how it ended and what is known about it."""
        report = CallReport(
            model=self._model,
            usage=NOTHING,
            cost_usd=FREE,
            prompt=self._call.prompt,
            cache=self._kind,
            attempts=0,
            seconds=self._seconds(),
        )
        self._span.answered(report, Finish.STOP, None, str(message.text))
        self._outcome = "cached"
        return Finish.STOP, report

    async def _store(self, attempt: Attempt) -> None:
        """Keep the answer, unless a substitute gave it: the model that was wanted may be back next time."""
        if self._cache is None or self._left:
            return
        answer = CachedAnswer(attempt.message.model_copy(), attempt.model, "exact")
        try:
            await self._cache.store(self._call, self._models, self._ask.messages, self._options(), answer)
        except Exception as error:
            logger.warning("llm.cache_failed", error=type(error).__name__)

    def _options(self) -> str:
        """Whatever else changes the answer."""
        ask = self._ask
        return json.dumps([ask.max_tokens, ask.stop, ask.temperature])

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """Note what becomes of the call."""
        self._span.asked(self._ask.messages)
        try:
            yield
        except ModelError as error:
            self._outcome = error.code
            raise
        except Exception:
            self._outcome = ModelError.code
            raise
        except BaseException:
            self._outcome = self._outcome or CANCELLED
            raise
        finally:
            await self._end()

    async def _end(self) -> None:
        outcome, seconds = self._outcome or CANCELLED, self._seconds()
        self._span.end(outcome)
        self._parts.metrics.called(self._call.purpose, self._model, outcome, seconds, self._first)
        logger.info("llm.call", model=str(self._model), purpose=self._call.purpose, outcome=outcome, seconds=seconds)
        if not self._attempts:  # else each request is booked by itself
            entry = make_entry(self._call, self._model, outcome, seconds)
            await self._parts.chores.finish(self._parts.ledger.record(entry))
