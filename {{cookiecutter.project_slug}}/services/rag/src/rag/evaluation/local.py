"""The command's bench: the settings' embeddings, models and prompts, on an index and a database of its own."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from llmkit.cache import build_cache
from llmkit.embeddings.factory import close_embedder, make_embedder
from llmkit.embeddings.ports import Embedder
from llmkit.guardrails.checks import Guardrails
from llmkit.ports import AnswerCache
from rag.answers import build_answers
from rag.chunking.options import ChunkOptions, Strategy
from rag.evaluation.bench import Bench
from rag.evaluation.configurations import Chunking
from rag.evaluation.corpus import CorpusDocument
from rag.evaluation.parts import EvaluationParts, make_parts
from rag.indexing.edge import EdgeVectorIndex
from rag.indexing.ports import Hit, Query, VectorIndex
from rag.indexing.sparse import SparseEncoder
from rag.retrieval.ports import Library, Prompts
from rag.retrieval.prompting import PromptWriter
from rag.settings import RagSettings
from servicekit.database import Database, upgrade
from servicekit.database.engine import sqlite_url


@dataclass(frozen=True, slots=True)
class Tools:
    """What the caller knows: the service's prompts, and where its tables are described."""

    prompts: Prompts
    migrations: Sequence[Path]


class RepeatableIndex(EdgeVectorIndex):
    """The embedded store with a fixed order among hits of equal score, which fusion by rank makes many of."""

    async def search(self, collection: str, query: Query) -> Sequence[Hit]:
        """Return the best points, best first, always in the same order."""
        hits = await super().search(collection, query)
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched, as `build_answers` takes it."""

    index: VectorIndex
    embedder: Embedder
    sparse: SparseEncoder
    library: Library


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all indexes of one run share."""

    settings: RagSettings
    database: Database
    index: VectorIndex
    embedder: Embedder
    prompts: Prompts
    answers: bool

    @asynccontextmanager
    async def open_parts(self, library: Library) -> AsyncIterator[EvaluationParts]:
        """Build what searches a library and answers from it; no cache stands between."""
        answers = build_answers(
            self.settings,
            Searched(self.index, self.embedder, SparseEncoder(), library),
            prompts=self.prompts,
            cache=None,
            database=self.database,
            redis=None,
            registry=CollectorRegistry(),
        )
        async with answers.running():
            yield make_parts(
                self.settings,
                answers.retriever,
                answers.answerer if self.answers else None,
                models=answers.models,
                prompts=PromptWriter(self.prompts, Guardrails(self.settings.guardrails).for_prompt),
                embedder=self.embedder.fingerprint,
            )

    def chunk_options(self, chunking: Chunking) -> ChunkOptions:
        """Return the settings' way of chunking with the changes of a variant."""
        strategy, target = chunking
        present = self.settings.chunking.options()
        return ChunkOptions(
            Strategy(strategy) if strategy else present.strategy, target or present.target_tokens, present.parent_tokens
        )


@dataclass(frozen=True, slots=True)
class Laboratory:
    """Where the command works."""

    bench: Bench
    cache: AnswerCache
    """As the settings want it, empty; no answer of the bench comes from it."""


@asynccontextmanager
async def open_laboratory(
    settings: RagSettings,
    documents: Sequence[CorpusDocument],
    tools: Tools,
    *,
    answers: bool,
) -> AsyncIterator[Laboratory]:
    """Work in a temporary folder. Of the service's own data only the cache of embeddings is used."""
    embedder = make_embedder(settings.embedding, cache_dir=settings.data_dir)
    with tempfile.TemporaryDirectory(prefix="evaluation-") as folder:
        database = Database(sqlite_url(Path(folder) / "evaluation.db"))
        index = RepeatableIndex(Path(folder) / "index")
        workplace = Workplace(settings, database, index, embedder, tools.prompts, answers)
        try:
            await upgrade(database.url, tools.migrations)
            async with Bench(
                documents=documents,
                embedder=embedder,
                encode=SparseEncoder().document,
                index=index,
                open_parts=workplace.open_parts,
                make_options=workplace.chunk_options,
            ) as bench:
                cache = build_cache(settings.cache, database=database, embedder=embedder, registry=CollectorRegistry())
                yield Laboratory(bench, cache)
        finally:
            await index.close()
            await database.dispose()
            await close_embedder(embedder)
