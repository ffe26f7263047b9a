"""Evaluating in one process, without database and service: an index per way of chunking, asked as often as needed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias
from uuid import uuid5

from llmkit.embeddings.ports import Embedder
from rag.chunking.chunker import chunk
from rag.chunking.chunks import Chunk
from rag.chunking.options import ChunkOptions
from rag.evaluation.cases import Case
from rag.evaluation.configurations import Chunking, Variant
from rag.evaluation.corpus import CorpusDocument
from rag.evaluation.parts import EvaluationParts
from rag.evaluation.ports import Progress
from rag.evaluation.report import Report
from rag.indexing.ports import Point, SparseVector, VectorIndex
from rag.retrieval.memory import MemoryChunk, MemoryLibrary
from rag.retrieval.ports import Library

TENANT = "evaluation"
BATCH = 64
OpenParts: TypeAlias = Callable[[Library], AbstractAsyncContextManager[EvaluationParts]]
"""Builds what searches and answers on a library; open as long as the bench is."""
MakeOptions: TypeAlias = Callable[[Chunking], ChunkOptions]
Encode: TypeAlias = Callable[[str], SparseVector]


@dataclass(slots=True)
class Bench:
    """A corpus that can be evaluated in many configurations."""

    documents: Sequence[CorpusDocument]
    embedder: Embedder
    encode: Encode
    index: VectorIndex
    open_parts: OpenParts
    make_options: MakeOptions
    _shelves: dict[ChunkOptions, EvaluationParts] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def evaluate(
        self, variant: Variant, cases: Sequence[Case], progress: Progress = lambda _fraction, _message: None
    ) -> Report:
        """Ask the cases in one configuration; variants that chunk alike share an index."""
        shelf = await self._shelf(self.make_options(variant.chunking))
        return await shelf.evaluate(TENANT, cases, variant.retrieval, progress=progress)

    async def _shelf(self, options: ChunkOptions) -> EvaluationParts:
        if options not in self._shelves:
            self._shelves[options] = await self._fill(options, f"evaluation-{len(self._shelves)}")
        return self._shelves[options]

    async def _fill(self, options: ChunkOptions, collection: str) -> EvaluationParts:
        pieces = [(document, piece) for document in self.documents for piece in chunk(iter(document.blocks), options)]
        await self.index.create(collection, self.embedder.dimensions)
        for start in range(0, len(pieces), BATCH):
            await self._write(collection, pieces[start : start + BATCH])
        library = MemoryLibrary([_kept(document, piece) for document, piece in pieces], collection)
        parts = await self._stack.enter_async_context(self.open_parts(library))
        cut = {"chunking": options.strategy.value, "target_tokens": options.target_tokens, "chunks": len(pieces)}
        return replace(parts, configuration={**parts.configuration, **cut, "documents": len(self.documents)})

    async def _write(self, collection: str, pieces: Sequence[tuple[CorpusDocument, Chunk]]) -> None:
        vectors = await self.embedder.embed_documents([piece.searchable for _, piece in pieces])
        points = [
            Point(
                id=uuid5(document.id, str(piece.ordinal)),
                tenant=TENANT,
                document=document.id,
                revision=document.id,
                ordinal=piece.ordinal,
                dense=vector,
                sparse=self.encode(piece.searchable),
            )
            for (document, piece), vector in zip(pieces, vectors, strict=True)
        ]
        await self.index.upsert(collection, points)


def _kept(document: CorpusDocument, piece: Chunk) -> MemoryChunk:
    return MemoryChunk(
        tenant=TENANT,
        document_id=document.id,
        document_name=document.name,
        revision=document.id,
        ordinal=piece.ordinal,
        text=piece.text,
        heading=piece.heading,
        page=piece.page,
        page_end=piece.page_end,
        breaks=piece.breaks,
        parent=piece.parent,
    )
