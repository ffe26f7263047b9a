"""The answer cache in the service's database: exact answers by hash, similar questions by cosine and guard."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import numpy as np
import numpy.typing as npt
import structlog
from langchain_core.messages import BaseMessage
from sqlalchemy.exc import IntegrityError

from llmkit.cache import repository
from llmkit.cache.guard import same_question
from llmkit.cache.keys import AnswerKey, answer_key
from llmkit.cache.messages import dump, is_complete, load
from llmkit.cache.metrics import CacheMetrics
from llmkit.cache.models import CachedAnswerRow
from llmkit.cache.settings import CacheSettings
from llmkit.call import CacheMode, Call, ModelRef
from llmkit.embeddings.ports import Embedder
from llmkit.ports import CachedAnswer
from servicekit.database import Database, utc_now, uuid7

LONGEST_QUESTION = 2000
"""Characters up to which a question is compared by meaning; longer texts are compared exactly only."""
MAX_TAG = 128
_FLOAT = np.dtype("<f4")
_log = structlog.get_logger(__name__)


class SqlAnswerCache:
    """See `AnswerCache`. Whatever fails here costs a call, never an answer."""

    def __init__(
        self,
        settings: CacheSettings,
        database: Database,
        embedder: Embedder,
        metrics: CacheMetrics,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings
        self._database = database
        self._embedder = embedder
        self._metrics = metrics
        self._now = now
        self._storing: set[asyncio.Task[None]] = set()

    async def find(
        self, call: Call, models: Sequence[ModelRef], messages: Sequence[BaseMessage], options: str
    ) -> CachedAnswer | None:
        """Return an answer to the same call or, if the call wants that, to the same question in other words."""
        if call.cache is CacheMode.OFF:
            return None
        key = answer_key(call, models, messages, options)
        try:
            return await self._find(call, key)
        except Exception as error:  # the database's or the embedder's own
            self._failed("find", error)
            return None

    async def store(
        self,
        call: Call,
        models: Sequence[ModelRef],
        messages: Sequence[BaseMessage],
        options: str,
        answer: CachedAnswer,
    ) -> None:
        """Keep a complete answer, also when the caller does not wait for it any more."""
        if call.cache is CacheMode.OFF or not is_complete(answer.message):
            return
        await asyncio.shield(self._spawn(self._store(call, answer_key(call, models, messages, options), answer)))

    async def purge(self, tenant: str, tag: str) -> int:
        """Delete the answers that rest on something; return how many."""
        async with self._database.session() as session:
            return await repository.delete_tagged(session, tenant, tag)

    async def _find(self, call: Call, key: AnswerKey) -> CachedAnswer | None:
        async with self._database.reading() as session:
            row = await repository.find_exact(session, call.tenant, key.exact, self._now())
        if row is not None:
            self._metrics.looked_up(call.purpose, "exact")
            return _answer(row, "exact")
        if call.cache is CacheMode.SEMANTIC and _comparable(key.question):
            return await self._find_alike(call, key.scope, str(key.question))
        self._metrics.looked_up(call.purpose, "miss")
        return None

    async def _find_alike(self, call: Call, scope: str, question: str) -> CachedAnswer | None:
        now, fingerprint = self._now(), self._embedder.fingerprint
        async with self._database.reading() as session:
            candidates = await repository.find_alike(session, call.tenant, scope, fingerprint, now)
        near = self._nearest(await self._vector(question), candidates) if candidates else []
        chosen = next((key for key, earlier in near if same_question(question, earlier)), None)
        if chosen is not None:
            async with self._database.reading() as session:
                row = await session.get(CachedAnswerRow, chosen)
            if row is not None:
                self._metrics.looked_up(call.purpose, "semantic")
                return _answer(row, "semantic")
        self._metrics.looked_up(call.purpose, "guarded" if near else "miss")
        return None

    def _nearest(
        self, vector: npt.NDArray[np.float32], candidates: Sequence[tuple[UUID, str, bytes]]
    ) -> list[tuple[UUID, str]]:
        """Return ids and questions of the candidates within the threshold, nearest first."""
        matrix = np.stack([np.frombuffer(stored, _FLOAT) for _, _, stored in candidates])
        cosines = matrix @ vector
        order = np.argsort(-cosines, kind="stable")
        within = [int(position) for position in order if cosines[position] >= self._settings.similarity]
        return [candidates[position][:2] for position in within]

    async def _store(self, call: Call, key: AnswerKey, answer: CachedAnswer) -> None:
        now = self._now()
        values: dict[str, object] = {
            "id": uuid7(),
            "tenant": call.tenant,
            "key": key.exact,
            "scope": key.scope,
            "provider": answer.model.provider,
            "model": answer.model.name,
            "message": dump(answer.message),
            "created_at": now,
            "expires_at": now + timedelta(hours=self._settings.ttl_hours),
            "question": None,
            "vector": None,
            "fingerprint": None,
        }
        try:
            if call.cache is CacheMode.SEMANTIC and _comparable(key.question):
                vector = (await self._vector(str(key.question))).astype(_FLOAT).tobytes()
                values |= {"question": key.question, "vector": vector, "fingerprint": self._embedder.fingerprint}
            tags = sorted({tag[:MAX_TAG] for tag in call.cache_tags})
            async with self._database.session() as session:
                await repository.replace(session, values, tags, now=now, keep=self._settings.max_entries)
        except IntegrityError:
            return  # another process has kept an answer to the same call a moment ago
        except Exception as error:  # the database's or the embedder's own; the answer is given already
            self._failed("store", error)
        else:
            self._metrics.stored(call.purpose)

    async def _vector(self, question: str) -> npt.NDArray[np.float32]:
        return await self._embedder.embed_query(question)

    def _failed(self, operation: Literal["find", "store"], error: Exception) -> None:
        self._metrics.failed(operation)
        _log.warning("answer_cache_failed", operation=operation, error=type(error).__name__)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)
        return task


def _comparable(question: str | None) -> bool:
    return question is not None and len(question) <= LONGEST_QUESTION and "\x00" not in question


def _answer(row: CachedAnswerRow, kind: Literal["exact", "semantic"]) -> CachedAnswer:
    return CachedAnswer(load(row.message), ModelRef(row.provider, row.model), kind)
