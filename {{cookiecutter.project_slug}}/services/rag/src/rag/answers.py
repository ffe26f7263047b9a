"""Builds what answers questions: the half of `bootstrap` that has to do with language models."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from llmkit.embeddings.factory import make_reranker
from llmkit.embeddings.ports import Embedder
from llmkit.gateway import Gateway, build_gateway
from llmkit.guardrails.canary import Canary
from llmkit.guardrails.checks import Guardrails
from llmkit.guardrails.injection import neutral
from llmkit.guardrails.settings import GuardrailSettings
from llmkit.money import Money, build_money
from llmkit.ports import AnswerCache
from llmkit.providers.ports import Provider
from rag.answering.asking import Asker
from rag.answering.context import ContextRules
from rag.answering.metrics import AnswerMetrics
from rag.answering.ports import Checks, NoCanary
from rag.answering.service import Answerer
from rag.conversations.threads import SqlThreads
from rag.conversations.titles import Titles
from rag.indexing.ports import VectorIndex
from rag.retrieval.models import ModelRewriter
from rag.retrieval.ports import Library, Prompts, Rewriter, Terms
from rag.retrieval.prompting import PromptWriter
from rag.retrieval.remembering import RememberingLibrary
from rag.retrieval.service import Retriever
from rag.settings import RagSettings
from servicekit.database import Database, database_url

PROMPTS = Path(__file__).parent / "prompts"
REMEMBERED = 512
"""Texts that were made inert lately, a megabyte or two."""


class Searchable(Protocol):
    """What is searched: `rag.bootstrap.Store`."""

    @property
    def index(self) -> VectorIndex: ...  # noqa: D102 - the names say it
    @property
    def embedder(self) -> Embedder: ...  # noqa: D102
    @property
    def sparse(self) -> Terms: ...  # noqa: D102
    @property
    def library(self) -> Library: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Answers:
    """What asks models: money and gateway, retrieval, answering."""

    money: Money
    models: Gateway
    retriever: Retriever
    answerer: Answerer
    asker: Asker
    titles: Titles

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Book what is spent, and let titles be found; connections to providers are closed at the end."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.money.running(self.models.models()))
            stack.push_async_callback(self.models.aclose)
            await asyncio.to_thread(self.models.warm_up)  # or the first caller would wait for imports
            await stack.enter_async_context(self.titles.running())
            yield


def build_answers(
    settings: RagSettings,
    store: Searchable,
    *,
    prompts: Prompts,
    cache: AnswerCache | None,
    database: Database,
    redis: Redis | None,
    registry: CollectorRegistry,
    providers: Mapping[str, Provider] | None = None,
) -> Answers:
    """Return what answers questions; `providers` adds to those of the settings. Nothing is opened yet."""
    checks = Guardrails(settings.guardrails)
    money = build_money(settings.money, database=database, redis=redis, registry=registry)
    gateway = build_gateway(
        settings.llm,
        prices=money.prices,
        budget=money.budget,
        ledger=money.ledger,
        cache=cache,
        redis=redis,
        registry=registry,
        providers=providers,
    )
    writer = PromptWriter(prompts, checks.for_prompt)
    retriever = _make_retriever(settings, store, ModelRewriter(gateway, writer, settings.retrieval), checks)
    answerer = Answerer(
        retriever=retriever,
        models=gateway,
        prompts=writer,
        settings=settings.answering,
        checks=_checks(settings, checks),
        metrics=AnswerMetrics(registry),
    )
    titles = Titles(database, gateway, writer)
    threads = SqlThreads(database, settings.conversations, titles.find if settings.conversations.titles else None)
    asker = Asker(
        answerer=answerer,
        threads=threads,
        models=gateway,
        retrieval=settings.retrieval,
        settings=settings.answering,
    )
    return Answers(money, gateway, retriever, answerer, asker, titles)


def _make_retriever(settings: RagSettings, store: Searchable, rewriter: Rewriter, checks: Guardrails) -> Retriever:
    return Retriever(
        library=RememberingLibrary(store.library),
        index=store.index,
        embedder=store.embedder,
        terms=store.sparse,
        rewriter=rewriter,
        screen=lambda text: checks.admit(text).reasons,
        reranker=make_reranker(settings.embedding),
    )


def _checks(settings: RagSettings, checks: Guardrails) -> Checks:
    return Checks(
        rules=_context_rules(settings.guardrails, checks),
        clean=lambda text: checks.clean(text).text,
        validate=checks.validated,
        canary=Canary.derived(database_url(settings)) if settings.guardrails.canary else NoCanary(),
    )


def _context_rules(settings: GuardrailSettings, checks: Guardrails) -> ContextRules:
    if settings.injection == "off":
        return ContextRules(quarantine=False)
    inert = lru_cache(REMEMBERED)(neutral)  # a passage is written twice for a question, and found for others too
    return ContextRules(quarantine=settings.injection == "quarantine", harmless=checks.harmless, inert=inert)
