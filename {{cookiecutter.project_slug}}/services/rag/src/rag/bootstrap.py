"""Builds the parts of the service from its settings. Nothing else knows which technology stands behind a port."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError

from llmkit.cache import build_cache
from llmkit.embeddings.factory import close_embedder, make_embedder
from llmkit.embeddings.ports import Embedder
from llmkit.guardrails.checks import Guardrails
from llmkit.guardrails.pii import redact
from llmkit.prompts import PromptAliases, PromptStore
from llmkit.providers.ports import Provider
from rag.answers import PROMPTS, Answers, build_answers
from rag.catalog import WorkerResources, catalog
from rag.documents.indexer import Indexer
from rag.documents.library import SqlLibrary
from rag.evaluation.parts import EvaluationParts, make_parts
from rag.indexing.collections import Collections
from rag.indexing.factory import make_index
from rag.indexing.ports import IndexUnavailable, VectorIndex
from rag.indexing.sparse import SparseEncoder
from rag.parsing.nursery import Nursery
from rag.reindexing.tasks import SWEEP, SweepParams
from rag.retrieval.prompting import PromptWriter
from rag.settings import RagSettings
from servicekit.database import Database
from servicekit.jobs import JobService
from servicekit.jobs.catalog import SYSTEM_TENANT
from servicekit.jobs.factory import make_jobs
from servicekit.kit import REDIS_SECONDS, Kit
from servicekit.storage import ObjectStorage, make_storage
from servicekit.telemetry.redaction import redact_also

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Store:
    """What finds passages: the store of vectors, the embeddings in it, and the database's side of both."""

    index: VectorIndex
    embedder: Embedder
    sparse: SparseEncoder
    collections: Collections
    indexer: Indexer
    library: SqlLibrary

    async def close(self) -> None:
        """Release files and connections."""
        await self.index.close()
        await close_embedder(self.embedder)


def build_store(
    settings: RagSettings, database: Database, index: VectorIndex | None = None, embedder: Embedder | None = None
) -> Store:
    """Return the store that the settings name, with another index or other embeddings if given. Opens nothing."""
    index = index or make_index(settings.index, settings.data_dir)
    embedder = embedder or make_embedder(settings.embedding, cache_dir=settings.data_dir)
    sparse = SparseEncoder()
    collections = Collections(database, embedder.fingerprint, embedder.dimensions)
    return Store(
        index=index,
        embedder=embedder,
        sparse=sparse,
        collections=collections,
        indexer=Indexer(database, index, embedder, sparse),
        library=SqlLibrary(database, collections),
    )


@dataclass(frozen=True, slots=True)
class Services:
    """What the endpoints of the API use."""

    kit: Kit
    settings: RagSettings
    store: Store
    prompts: PromptAliases
    answers: Answers

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep everything going that works in the background, and close it after the block; IndexMismatch."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.store.close)
            await self._try_to_prepare()
            await stack.enter_async_context(self.prompts.running())
            await stack.enter_async_context(self.answers.running())
            yield

    async def check_index(self) -> None:
        """Raise unless the store of vectors has the collection that this process searches."""
        name = await self.store.library.collection()
        if name is None or name not in await self.store.index.collections():
            await self._prepare()

    async def _try_to_prepare(self) -> None:
        """A part that is away keeps /readyz red, which tries again, and not the process from starting."""
        try:
            await self._prepare()
        except (IndexUnavailable, SQLAlchemyError, OSError) as error:
            _log.warning("index_not_ready", reason=str(error))

    async def _prepare(self) -> None:
        """Make what the first start needs; what the store has lost is filled again by a sweep."""
        if await self.store.collections.prepare(self.store.index):
            _log.warning("index_lost")
            async with self.kit.database.session() as session:
                await self.kit.jobs.enqueue(session, SWEEP, SweepParams(), tenant=SYSTEM_TENANT, actor="start")


def build_services(
    kit: Kit,
    settings: RagSettings,
    index: VectorIndex | None = None,
    embedder: Embedder | None = None,
    providers: Mapping[str, Provider] | None = None,
) -> Services:
    """Return the API's services, with another index, embeddings or model providers if given. Nothing runs yet."""
    _keep_personal_data_out_of_logs()
    store = build_store(settings, kit.database, index, embedder)
    prompts = PromptStore.load(PROMPTS, settings.prompts)
    answers = build_answers(
        settings,
        store,
        prompts=prompts,
        cache=build_cache(settings.cache, database=kit.database, embedder=store.embedder, registry=kit.metrics),
        database=kit.database,
        redis=kit.redis,
        registry=kit.metrics,
        providers=providers,
    )
    services = Services(kit, settings, store, PromptAliases(prompts, kit.database), answers)
    kit.health.add("index", services.check_index)
    return services


@asynccontextmanager
async def worker_resources(settings: RagSettings) -> AsyncIterator[WorkerResources]:
    """Open what jobs use, and close it when the worker stops."""
    _keep_personal_data_out_of_logs()
    async with AsyncExitStack() as stack:
        database = Database.from_settings(settings)
        stack.push_async_callback(database.dispose)
        jobs = make_jobs(settings, catalog, database)
        stack.push_async_callback(jobs.close)
        store = build_store(settings, database)
        stack.push_async_callback(store.close)
        nursery = Nursery()
        stack.callback(nursery.close)
        yield resources_of(settings, database, make_storage(settings), jobs, store, nursery)


def resources_of(
    settings: RagSettings,
    database: Database,
    storage: ObjectStorage,
    jobs: JobService,
    store: Store,
    nursery: Nursery | None = None,
) -> WorkerResources:
    """Return what jobs use, made of these parts."""
    return WorkerResources(
        settings=settings,
        database=database,
        storage=storage,
        jobs=jobs,
        index=store.index,
        collections=store.collections,
        embedder=store.embedder,
        indexer=store.indexer,
        open_evaluation=lambda: evaluation_parts(settings, database, store),
        nursery=nursery,
    )


@asynccontextmanager
async def evaluation_parts(settings: RagSettings, database: Database, store: Store) -> AsyncIterator[EvaluationParts]:
    """Open what an evaluation asks: as the API answers, but never from the cache.

    Its calls count against the tenant's budget and are booked; figures of this process they are not part of.
    """
    prompts = PromptStore.load(PROMPTS, settings.prompts)
    async with AsyncExitStack() as stack:
        redis = None
        if settings.redis_url is not None:
            redis = Redis.from_url(
                settings.redis_url.get_secret_value(),
                socket_timeout=REDIS_SECONDS,
                socket_connect_timeout=REDIS_SECONDS,
            )
            stack.push_async_callback(redis.aclose)
        answers = build_answers(
            settings,
            store,
            prompts=prompts,
            cache=None,
            database=database,
            redis=redis,
            registry=CollectorRegistry(),
        )
        await stack.enter_async_context(PromptAliases(prompts, database).running())
        await stack.enter_async_context(answers.running())
        yield make_parts(
            settings,
            answers.retriever,
            answers.answerer,
            models=answers.models,
            prompts=PromptWriter(prompts, Guardrails(settings.guardrails).for_prompt),
            embedder=store.embedder.fingerprint,
        )


def _keep_personal_data_out_of_logs() -> None:
    redact_also("personal data", lambda text: redact(text).text)


async def refuse_mismatch(settings: RagSettings) -> None:
    """Raise `IndexMismatch` if the index was made with other embeddings; a database that is away says nothing."""
    database = Database.from_settings(settings)
    embedder = make_embedder(settings.embedding, cache_dir=None)
    try:
        await Collections(database, embedder.fingerprint, embedder.dimensions).compare()
    except (SQLAlchemyError, OSError):
        return
    finally:
        await close_embedder(embedder)
        await database.dispose()
