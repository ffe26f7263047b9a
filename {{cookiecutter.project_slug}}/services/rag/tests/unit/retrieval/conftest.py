"""A small library of two tenants, indexed in memory."""

from collections.abc import Callable
from uuid import UUID, uuid5

import pytest

from llmkit.embeddings.hashed import HashedEmbedder
from llmkit.embeddings.lexical import LexicalReranker
from rag.indexing.memory import MemoryVectorIndex
from rag.indexing.points import point_id
from rag.indexing.ports import Point
from rag.indexing.sparse import SparseEncoder
from rag.retrieval.memory import MemoryChunk, MemoryLibrary, PlainRewriter
from rag.retrieval.service import Retriever

NAMESPACE = UUID("00000000-0000-0000-0000-00000000000b")
TEXTS = {
    "manual.pdf": (
        "The service listens on port 8002 unless HTTP__PORT says otherwise.",
        "A job whose worker dies is tried again after sixty seconds by the sweeper.",
        "Deleted documents disappear from every search at once.",
    ),
    "handbook.docx": (
        "Employees get 25 days of holiday a year.",
        "Holiday that is left over in December lapses at the end of March.",
    ),
}


class CountingIndex(MemoryVectorIndex):
    """Counts the searches and remembers what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = []

    async def search(self, collection, query):
        self.asked.append(query)
        return await super().search(collection, query)


class Bench:
    """A retriever and what stands around it."""

    def __init__(self) -> None:
        self.library = MemoryLibrary()
        self.index = CountingIndex()
        self.embedder = HashedEmbedder()
        self.terms = SparseEncoder()
        self.rewriter: object = PlainRewriter()
        self.screen: Callable[[str], tuple[str, ...]] = lambda _text: ()
        self.reranker: object = LexicalReranker()

    @property
    def retriever(self) -> Retriever:
        return Retriever(
            library=self.library,
            index=self.index,
            embedder=self.embedder,
            terms=self.terms,
            rewriter=self.rewriter,  # type: ignore[arg-type]  # tests put in doubles
            screen=self.screen,
            reranker=self.reranker,  # type: ignore[arg-type]  # the same
        )

    async def add(
        self, name: str, *texts: str, tenant: str = "acme", visible: bool = True, **rest: object
    ) -> list[MemoryChunk]:
        """Put a document into both the library and the index, or only into the index."""
        document = uuid5(NAMESPACE, f"{tenant}/{name}")
        revision = uuid5(document, "1")
        chunks = [
            MemoryChunk(tenant, document, name, revision, ordinal, text, parent=ordinal // 2, page=ordinal + 1, **rest)
            for ordinal, text in enumerate(texts)
        ]
        vectors = await self.embedder.embed_documents(texts)
        await self.index.create("memory", self.embedder.dimensions)
        await self.index.upsert(
            "memory",
            [
                Point(
                    id=point_id(revision, chunk.ordinal),
                    tenant=tenant,
                    document=document,
                    revision=revision,
                    ordinal=chunk.ordinal,
                    dense=vector,
                    sparse=self.terms.document(chunk.text),
                )
                for chunk, vector in zip(chunks, vectors, strict=True)
            ],
        )
        if visible:
            self.library.chunks |= {(chunk.revision, chunk.ordinal): chunk for chunk in chunks}
        return chunks


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    for name, texts in TEXTS.items():
        await made.add(name, *texts)
    await made.add("secret.txt", "The service of globex listens on port 9999.", tenant="globex")
    return made
