from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from llmkit.cache import CacheSettings, build_cache, delete_tagged
from llmkit.cache.metrics import CacheMetrics
from llmkit.cache.models import AnswerTag, CachedAnswerRow
from llmkit.cache.sql import SqlAnswerCache
from llmkit.call import REPORT_KEY, CacheMode, Call, ModelRef, PromptRef
from llmkit.ports import CachedAnswer
from servicekit.database import Database, utc_now

MINI, OTHER = ModelRef("openai", "gpt-5-mini"), ModelRef("anthropic", "claude")
MODELS = (MINI, OTHER)
EXACT = Call(tenant="acme", purpose="rag.answer", prompt=PromptRef("rag-answer", "1"), cache=CacheMode.EXACT)
SEMANTIC = replace(EXACT, cache=CacheMode.SEMANTIC)
QUESTION = "How do I reset my password?"
PARAPHRASE = "How can I reset the password?"
CONFUSED = "How do I change my password?"


class Gullible:
    """An embedder to which all questions are nearly one; the text `far` is far from all others."""

    dimensions = 2
    fingerprint = "gullible"
    broken = False

    async def embed_query(self, text: str) -> np.ndarray:
        if self.broken:
            raise RuntimeError("no embeddings today")
        return np.array([0, 1] if text == "far" else [1, 0], np.float32)

    async def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([await self.embed_query(text) for text in texts])


class Clock:
    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self):
        return self.now


@pytest.fixture
def embedder() -> Gullible:
    return Gullible()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def cache(either_database: Database, embedder, registry, clock) -> SqlAnswerCache:
    return make(either_database, embedder, registry, clock)


def make(database: Database, embedder, registry, clock, **settings: object) -> SqlAnswerCache:
    return SqlAnswerCache(CacheSettings(**settings), database, embedder, CacheMetrics(registry), now=clock)


def ask(question: str = QUESTION) -> list:
    return [SystemMessage("Be brief."), HumanMessage(question)]


def answer(text: str = "Press the button.", **changes: object) -> CachedAnswer:
    metadata = {"finish_reason": "stop", REPORT_KEY: {"attempts": 1}}
    usage = {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8}
    message = AIMessage(**({"content": text, "response_metadata": metadata, "usage_metadata": usage} | changes))
    return CachedAnswer(message, MINI, "exact")


async def keep(cache: SqlAnswerCache, call: Call = EXACT, question: str = QUESTION, **changes: object) -> None:
    await cache.store(call, MODELS, ask(question), "{}", answer(**changes))


async def find(cache: SqlAnswerCache, call: Call = EXACT, question: str = QUESTION) -> CachedAnswer | None:
    return await cache.find(call, MODELS, ask(question), "{}")


async def count(database: Database, table: type = CachedAnswerRow) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


def counted(registry: CollectorRegistry, result: str) -> float | None:
    return registry.get_sample_value("llm_cache_lookups_total", {"purpose": "rag.answer", "result": result})


async def test_the_same_call_gets_the_same_answer_without_its_report(cache, registry) -> None:
    assert await find(cache) is None
    await keep(cache)
    found = await find(cache)
    assert found is not None
    assert (found.kind, found.model, found.message.content) == ("exact", MINI, "Press the button.")
    assert found.message.response_metadata == {"finish_reason": "stop"}
    assert found.message.usage_metadata == {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8}
    assert (counted(registry, "miss"), counted(registry, "exact")) == (1, 1)


async def test_tool_calls_come_back_as_they_were(cache) -> None:
    calls = [{"name": "search", "args": {"q": "lease", "n": [1, None]}, "id": "1", "type": "tool_call"}]
    await keep(cache, content="", tool_calls=calls, response_metadata={"finish_reason": "tool_calls"})
    found = await find(cache)
    assert found is not None
    assert found.message.tool_calls == calls


@pytest.mark.parametrize(
    "other",
    [
        replace(EXACT, tenant="globex"),
        replace(EXACT, purpose="rag.title"),
        replace(EXACT, prompt=PromptRef("rag-answer", "2")),
        replace(EXACT, temperature=1.0),
    ],
    ids=["tenant", "purpose", "prompt version", "temperature"],
)
async def test_nothing_is_shared_with_other_calls(cache, other: Call) -> None:
    for mode in (CacheMode.EXACT, CacheMode.SEMANTIC):
        await keep(cache, replace(EXACT, cache=mode))
        assert await find(cache, replace(other, cache=mode)) is None


async def test_nothing_is_shared_between_models_or_options(cache) -> None:
    await keep(cache, SEMANTIC)
    assert await cache.find(SEMANTIC, MODELS[:1], ask(), "{}") is None
    assert await cache.find(SEMANTIC, MODELS, ask(), '{"tools": ["x"]}') is None
    assert await cache.find(SEMANTIC, MODELS, [HumanMessage(QUESTION)], "{}") is None


async def test_a_call_site_that_does_not_opt_in_neither_finds_nor_keeps(cache, either_database) -> None:
    off = replace(EXACT, cache=CacheMode.OFF)
    await keep(cache, off)
    assert await count(either_database) == 0
    await keep(cache)
    assert await find(cache, off) is None


async def test_the_same_question_in_other_words_is_found_by_meaning_if_the_call_wants_it(cache, registry) -> None:
    await keep(cache, SEMANTIC)
    assert await find(cache, EXACT, PARAPHRASE) is None
    found = await find(cache, SEMANTIC, PARAPHRASE)
    assert found is not None
    assert (found.kind, found.message.content) == ("semantic", "Press the button.")
    assert (counted(registry, "semantic"), counted(registry, "miss")) == (1, 1)


async def test_a_question_that_only_looks_alike_is_stopped_by_the_guard(cache, registry) -> None:
    await keep(cache, SEMANTIC)
    assert await find(cache, SEMANTIC, CONFUSED) is None
    assert counted(registry, "guarded") == 1


async def test_a_question_far_away_is_a_miss(cache, registry) -> None:
    await keep(cache, SEMANTIC)
    assert await find(cache, SEMANTIC, "far") is None
    assert (counted(registry, "miss"), counted(registry, "guarded")) == (1, None)


async def test_vectors_of_another_embedder_are_not_compared(cache, embedder) -> None:
    await keep(cache, SEMANTIC)
    embedder.fingerprint = "newer"
    assert await find(cache, SEMANTIC, PARAPHRASE) is None


async def test_answers_are_forgotten_after_their_time(cache, clock) -> None:
    await keep(cache, SEMANTIC)
    clock.now += timedelta(hours=25)
    assert await find(cache, SEMANTIC) is None
    assert await find(cache, SEMANTIC, PARAPHRASE) is None


async def test_expired_answers_are_deleted_when_new_ones_come(cache, clock, either_database) -> None:
    await keep(cache)
    clock.now += timedelta(hours=25)
    await keep(cache, question="Another one?")
    assert await count(either_database) == 1


async def test_each_tenant_has_room_for_its_newest_answers(either_database, embedder, registry, clock) -> None:
    cache = make(either_database, embedder, registry, clock, max_entries=2)
    await keep(cache, replace(EXACT, tenant="globex"))
    for number in range(3):
        await keep(cache, question=f"Question {number}?")
    assert [await find(cache, question=f"Question {number}?") is not None for number in range(3)] == [False, True, True]
    assert await find(cache, replace(EXACT, tenant="globex")) is not None


async def test_a_newer_answer_to_the_same_call_replaces_the_older(cache, either_database) -> None:
    for text in ("Old.", "New."):
        await keep(cache, replace(EXACT, cache_tags=("document:1",)), content=text)
    found = await find(cache)
    assert found is not None
    assert found.message.content == "New."
    assert (await count(either_database), await count(either_database, AnswerTag)) == (1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"content": ""},
        {"response_metadata": {"finish_reason": "length"}},
        {"response_metadata": {"stop_reason": "max_tokens"}},
        {"response_metadata": {"finish_reason": "content_filter"}},
        {"invalid_tool_calls": [{"name": "x", "args": "{", "id": "1", "error": "cut off"}]},
    ],
)
async def test_answers_that_are_not_whole_are_not_kept(cache, either_database, changes: dict) -> None:
    await keep(cache, **changes)
    assert await count(either_database) == 0


async def test_deleting_a_document_deletes_the_answers_that_rest_on_it(cache, either_database) -> None:
    tagged = replace(EXACT, cache_tags=("document:1", "document:2", "document:1"))
    await keep(cache, tagged, "One?")
    await keep(cache, replace(EXACT, cache_tags=("document:2",)), "Two?")
    await keep(cache, replace(tagged, tenant="globex"), "One?")
    async with either_database.session() as session:
        assert await delete_tagged(session, "acme", "document:1") == 1
    assert await find(cache, question="One?") is None
    assert await find(cache, question="Two?") is not None
    assert await find(cache, replace(EXACT, tenant="globex"), "One?") is not None
    assert await cache.purge("acme", "document:2") == 1
    assert await cache.purge("acme", "document:2") == 0


async def test_a_database_or_an_embedder_that_fails_costs_a_call_and_nothing_else(
    tmp_path, embedder, registry, clock, database
) -> None:
    away = Database(f"sqlite+aiosqlite:///{tmp_path}")  # a folder: cannot be opened
    cache = make(away, embedder, registry, clock)
    await keep(cache)
    assert await find(cache) is None
    await away.dispose()
    working = make(database, embedder, CollectorRegistry(), clock)
    await keep(working, SEMANTIC)
    embedder.broken = True
    assert await find(working, SEMANTIC, PARAPHRASE) is None
    for operation in ("find", "store"):
        assert registry.get_sample_value("llm_cache_failures_total", {"operation": operation}) == 1


async def test_very_long_questions_are_compared_exactly_only(cache, either_database) -> None:
    long = "word " * 1000
    await keep(cache, SEMANTIC, long)
    async with either_database.reading() as session:
        assert await session.scalar(select(CachedAnswerRow.vector)) is None
    assert (await find(cache, SEMANTIC, long)) is not None


async def test_a_cache_that_is_switched_off_keeps_nothing(database, embedder, registry) -> None:
    cache = build_cache(CacheSettings(enabled=False), database=database, embedder=embedder, registry=registry)
    await cache.store(EXACT, MODELS, ask(), "{}", answer())
    assert await cache.find(EXACT, MODELS, ask(), "{}") is None
    assert await count(database) == 0


async def test_a_cache_that_is_switched_on_keeps_answers(database, embedder, registry) -> None:
    cache = build_cache(CacheSettings(), database=database, embedder=embedder, registry=registry)
    await cache.store(EXACT, MODELS, ask(), "{}", answer())
    assert await cache.find(EXACT, MODELS, ask(), "{}") is not None
