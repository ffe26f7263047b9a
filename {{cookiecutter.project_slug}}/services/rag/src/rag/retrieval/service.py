"""From a question to passages. Read `Retriever.search` first: it names the stages in order.

The index is asked outside any transaction, because it may be slow or away, and then one short transaction reads the
texts. What the database does not show (deleted, replaced, another tenant's) is dropped, whatever the index says.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import structlog

from llmkit.embeddings.ports import Embedder, Reranker
from rag.indexing.ports import Hit, IndexUnavailable, Mode, Query, Vector, VectorIndex
from rag.retrieval.duplicates import SeenTexts
from rag.retrieval.errors import SearchUnavailable
from rag.retrieval.expansion import Expanded, expand, piece_of
from rag.retrieval.explaining import Halves, explained, read_halves
from rag.retrieval.fusion import fuse
from rag.retrieval.passages import Expansion, Found, Passage, RetrievalOptions, Rewriting, Why
from rag.retrieval.ports import ChunkReader, Library, Rewriter, Rewritten, StoredChunk, Terms, Turn
from rag.retrieval.screening import ChunkScreen, Screen
from rag.retrieval.timings import Timings

_log = structlog.get_logger(__name__)
MORE = 4
"""When too few of the candidates can be shown, so many times more are looked at, once."""
BATCH_SLACK = 4
"""Texts that are read beyond the wanted ones, for duplicates and invisible ones, before a second read is needed."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hit with its text."""

    hit: Hit
    chunk: StoredChunk
    rerank: float | None = None


@dataclass(frozen=True, slots=True)
class _Probe:
    """One search of the index. HyDE's invented passage is only compared by meaning: its words are not the user's."""

    text: str
    mode: Mode


class Retriever:
    """Finds passages of one tenant's documents."""

    def __init__(
        self,
        *,
        library: Library,
        index: VectorIndex,
        embedder: Embedder,
        terms: Terms,
        rewriter: Rewriter,
        screen: Screen,
        reranker: Reranker | None = None,
    ) -> None:
        self._library = library
        self._index = index
        self._embedder = embedder
        self._terms = terms
        self._rewriter = rewriter
        self._screen = ChunkScreen(screen)
        self._reranker = reranker

    async def search(self, tenant: str, query: str, options: RetrievalOptions, history: Sequence[Turn] = ()) -> Found:
        """Condense, rewrite, embed, search, read, rerank, expand, screen.

        Raises:
            SearchUnavailable: the store of vectors does not answer.
        """
        try:
            return await self._find(tenant, query, options, history)
        except IndexUnavailable as error:
            _log.warning("search_unavailable", reason=str(error))
            raise SearchUnavailable from error

    async def _find(self, tenant: str, query: str, options: RetrievalOptions, history: Sequence[Turn]) -> Found:
        timings = Timings()
        if not query.strip():
            return Found(query, (), ())
        condensed = await self._condense(tenant, query, history if options.condense else (), timings)
        question = condensed.texts[0] if condensed.texts else query
        rewritten = await self._rewrite(tenant, question, options.rewriting, timings)
        collection = await self._library.collection()
        passages: tuple[Passage, ...] = ()
        if collection is not None:
            search = _Search(self, timings, collection, tenant, question, options)
            passages = await search.run(_probes(question, rewritten, options))
        return Found(
            query=question,
            queries=(question, *rewritten.texts),
            passages=passages,
            timings_ms=timings.to_dict(),
            reports=tuple(call.report for call in (condensed, rewritten) if call.report is not None),
        )

    async def _condense(self, tenant: str, query: str, history: Sequence[Turn], timings: Timings) -> Rewritten:
        if not history:
            return Rewritten(())
        with timings.stage("condense"):
            return await self._rewriter.condense(tenant, query, history)

    async def _rewrite(self, tenant: str, question: str, how: Rewriting, timings: Timings) -> Rewritten:
        if how is Rewriting.NONE:
            return Rewritten(())
        with timings.stage("rewrite"):
            if how is Rewriting.MULTI_QUERY:
                return await self._rewriter.multi_query(tenant, question)
            return await self._rewriter.hyde(tenant, question)

    async def embed(self, text: str, mode: Mode) -> Vector:
        """Return a query's vector; zeros where only words are compared."""
        if mode is Mode.SPARSE:
            return np.zeros(self._embedder.dimensions, dtype=np.float32)
        return await self._embedder.embed_query(text)


class _Search:
    """One search under way."""

    def __init__(
        self,
        retriever: Retriever,
        timings: Timings,
        collection: str,
        tenant: str,
        question: str,
        options: RetrievalOptions,
    ) -> None:
        self._parts = retriever
        self._timings = timings
        self._collection = collection
        self._tenant = tenant
        self._question = question
        self._options = options

    async def run(self, probes: Sequence[_Probe]) -> tuple[Passage, ...]:
        queries = await self._queries(probes, self._depth(probes))
        ranked = await self._ranked(queries)
        candidates, expanded = await self._read(ranked)
        if len(candidates) < self._options.limit and len(ranked) >= queries[0].limit:
            ranked = await self._ranked([replace(query, limit=MORE * self._most) for query in queries])
            candidates, expanded = await self._read(ranked)
        if self._reranks:
            candidates = await self._reranked(candidates)
            expanded = await self._expand_again(candidates)
        halves = await self._halves(queries[0])
        with self._timings.stage("screen"):
            return tuple(self._passage(*pair, halves) for pair in zip(candidates, expanded, strict=True))

    @property
    def _reranks(self) -> bool:
        return self._options.rerank and self._parts._reranker is not None

    def _depth(self, probes: Sequence[_Probe]) -> int:
        """Hits that are asked for: all candidates when they are sorted anew or fused with those of other queries."""
        if self._reranks or len(probes) > 1:
            return self._most
        return min(self._most, self._options.limit + BATCH_SLACK)

    @property
    def _most(self) -> int:
        """All candidates, and never fewer than passages."""
        return max(self._options.limit, self._options.candidates)

    @property
    def _wanted(self) -> int:
        """Hits whose text is needed: all candidates when they are to be sorted anew."""
        return self._most if self._reranks else self._options.limit

    async def _queries(self, probes: Sequence[_Probe], limit: int) -> list[Query]:
        with self._timings.stage("embed"):
            vectors = await asyncio.gather(*(self._parts.embed(probe.text, probe.mode) for probe in probes))
        return [
            Query(
                tenant=self._tenant,
                dense=vector,
                sparse=self._parts._terms.query(probe.text),
                mode=probe.mode,
                limit=limit,
                filter=self._options.filter,
                dense_weight=self._options.dense_weight,
            )
            for probe, vector in zip(probes, vectors, strict=True)
        ]

    async def _ranked(self, queries: Sequence[Query]) -> Sequence[Hit]:
        with self._timings.stage("search"):
            if len(queries) == 1:
                return await self._parts._index.search(self._collection, queries[0])
            return fuse(
                await asyncio.gather(*(self._parts._index.search(self._collection, query) for query in queries))
            )

    async def _read(self, ranked: Sequence[Hit]) -> tuple[list[Candidate], list[Expanded]]:
        """Read the texts of the best hits and, unless they are sorted anew first, what stands around them."""
        if not ranked:
            return [], []
        with self._timings.stage("read"):
            async with self._parts._library.reading() as reader:
                candidates = await self._visible(reader, ranked)
                how = Expansion.NONE if self._reranks else self._options.expansion
                chunks = [candidate.chunk for candidate in candidates]
                return candidates, await expand(reader, chunks, how, self._parts._screen)

    async def _visible(self, reader: ChunkReader, ranked: Sequence[Hit]) -> list[Candidate]:
        found: list[Candidate] = []
        seen = SeenTexts()
        start, size = 0, self._wanted + BATCH_SLACK
        while start < len(ranked) and len(found) < self._wanted:
            batch = ranked[start : start + size]
            texts = await reader.visible(self._tenant, [(hit.revision, hit.ordinal) for hit in batch])
            for hit in batch:
                chunk = texts.get((hit.revision, hit.ordinal))
                if chunk is not None and len(found) < self._wanted and seen.is_new(chunk.text):
                    found.append(Candidate(hit, chunk))
            start += size
        return found

    async def _reranked(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        reranker = self._parts._reranker
        if reranker is None or not candidates:
            return list(candidates)
        with self._timings.stage("rerank"):
            scores = await reranker.rerank(self._question, [_searchable(each.chunk) for each in candidates])
        scored = [
            Candidate(candidate.hit, candidate.chunk, score)
            for candidate, score in zip(candidates, scores, strict=True)
        ]
        scored.sort(key=lambda candidate: -(candidate.rerank or 0.0))
        return scored[: self._options.limit]

    async def _expand_again(self, candidates: Sequence[Candidate]) -> list[Expanded]:
        chunks = [candidate.chunk for candidate in candidates]
        if self._options.expansion is Expansion.NONE:
            return [Expanded(chunk, (piece_of(chunk),)) for chunk in chunks]
        with self._timings.stage("expand"):
            async with self._parts._library.reading() as reader:
                return await expand(reader, chunks, self._options.expansion, self._parts._screen)

    async def _halves(self, query: Query) -> Halves | None:
        if not self._options.explain:
            return None
        with self._timings.stage("explain"):
            return await read_halves(self._parts._index, self._collection, replace(query, limit=self._most))

    def _passage(self, candidate: Candidate, expanded: Expanded, halves: Halves | None) -> Passage:
        chunk, hit = candidate.chunk, candidate.hit
        why = Why(fused=hit.score, rerank=candidate.rerank)
        if halves is not None:
            why = explained(why, hit, halves, self._parts._terms, self._question, chunk)
        return Passage(
            document_id=chunk.document_id,
            document_name=chunk.document_name,
            revision=chunk.revision,
            ordinal=chunk.ordinal,
            heading=tuple(chunk.heading),
            page=chunk.page,
            page_end=chunk.page_end,
            text=chunk.text,
            context="\n".join(piece.text for piece in expanded.pieces),
            score=hit.score if candidate.rerank is None else candidate.rerank,
            why=why,
            suspicious=self._parts._screen.reasons(chunk),
            pieces=expanded.pieces,
        )


def _probes(question: str, rewritten: Rewritten, options: RetrievalOptions) -> list[_Probe]:
    invented = Mode.SPARSE if options.mode is Mode.SPARSE else Mode.DENSE
    mode = invented if options.rewriting is Rewriting.HYDE else options.mode
    return [_Probe(question, options.mode), *(_Probe(text, mode) for text in rewritten.texts)]


def _searchable(chunk: StoredChunk) -> str:
    """The text with the headings above it, as it was embedded."""
    return "\n".join((" > ".join(chunk.heading), chunk.text)) if chunk.heading else chunk.text
