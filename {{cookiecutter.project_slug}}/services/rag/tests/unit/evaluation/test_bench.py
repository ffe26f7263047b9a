"""The whole evaluation of retrieval on an index in memory: it finds what is there, and the gate sees what breaks it."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from llmkit.embeddings.hashed import HashedEmbedder
from rag.chunking.options import ChunkOptions, Strategy
from rag.evaluation.asking import RetrieverSearching
from rag.evaluation.bench import Bench
from rag.evaluation.configurations import STRATEGIES, Chunking, Variant, changed
from rag.evaluation.corpus import CorpusDocument
from rag.evaluation.gate import Bound, breaches
from rag.evaluation.parts import EvaluationParts
from rag.indexing.memory import MemoryVectorIndex
from rag.indexing.ports import SparseVector, Vector
from rag.indexing.sparse import SparseEncoder
from rag.parsing.blocks import Block, BlockKind
from rag.retrieval.memory import PlainRewriter
from rag.retrieval.screening import trust_everything
from rag.retrieval.service import Retriever

ANIMALS = (
    "otter",
    "badger",
    "heron",
    "lynx",
    "marten",
    "osprey",
    "beaver",
    "viper",
    "magpie",
    "weasel",
    "stork",
    "hare",
)
PLACES = ("river", "forest", "meadow", "rocks", "marsh", "lake", "brook", "heath", "garden", "barn", "roof", "field")
BOUNDS = (Bound("hit@5", 0.9, "the test's"), Bound("recall@10", 0.9, "the test's"))


def document(animal: str, place: str) -> CorpusDocument:
    sentence = f"The {animal} sleeps in the {place} and eats in the evening. " * 8
    blocks = (
        Block(BlockKind.HEADING, animal.title(), 1, 1),
        Block(BlockKind.PARAGRAPH, f"About the {animal} little is known. " * 8, 1),
        Block(BlockKind.HEADING, "Home", 2, 2),
        Block(BlockKind.PARAGRAPH, sentence.strip(), 2),
    )
    return CorpusDocument(f"{animal}.md", blocks)


DOCUMENTS = [document(animal, place) for animal, place in zip(ANIMALS, PLACES, strict=True)]


class ShuffledVectors(HashedEmbedder):
    """Vectors that belong to other texts: what a re-embedding gone wrong leaves."""

    async def embed_documents(self, texts: Sequence[str]) -> Vector:
        vectors = await super().embed_documents(texts)
        return np.random.default_rng(1).permutation(vectors)


def nothing(_: str) -> SparseVector:
    return SparseVector((), ())


@pytest.fixture
def cases(case):
    return [
        case(animal, facts=(), document=f"{animal}.md", heading="Home", answer=place).model_copy(
            update={"question": f"Where does the {animal} sleep?"}
        )
        for animal, place in zip(ANIMALS, PLACES, strict=True)
    ]


@pytest.fixture
def bench() -> Bench:
    index, terms, embedder = MemoryVectorIndex(), SparseEncoder(), HashedEmbedder(384)

    def options(chunking: Chunking) -> ChunkOptions:
        strategy, target = chunking
        return ChunkOptions(Strategy(strategy or "structure"), target or 100)

    @asynccontextmanager
    async def open_parts(library):
        retriever = Retriever(
            library=library,
            index=index,
            embedder=made.embedder,
            terms=terms,
            rewriter=PlainRewriter(),
            screen=trust_everything,
        )
        yield EvaluationParts(
            RetrieverSearching(retriever), None, configuration={"embedder": made.embedder.fingerprint}
        )

    made = Bench(DOCUMENTS, embedder, terms.document, index, open_parts, options)
    return made


async def test_what_is_in_the_documents_is_found(bench, cases) -> None:
    report = await bench.evaluate(Variant(), cases)
    assert breaches(report, BOUNDS) == ()
    assert report.configuration["embedder"] == bench.embedder.fingerprint
    assert (report.configuration["chunking"], report.configuration["target_tokens"]) == ("structure", 100)
    assert report.configuration["documents"] == len(ANIMALS)


@pytest.mark.parametrize(("mode", "breakage"), [("dense", "vectors"), ("sparse", "terms"), ("hybrid", "both")])
async def test_the_gate_fails_when_retrieval_is_broken(bench, cases, mode, breakage) -> None:
    if breakage in ("vectors", "both"):
        bench.embedder = ShuffledVectors(384)
    if breakage in ("terms", "both"):
        bench.encode = nothing
    report = await bench.evaluate(changed(Variant(), f"mode={mode}"), cases)
    assert {breach.bound.metric for breach in breaches(report, BOUNDS)} == {"hit@5", "recall@10"}


async def test_two_runs_give_the_same_numbers(bench, cases) -> None:
    first = await bench.evaluate(Variant(), cases)
    second = await bench.evaluate(Variant(), cases)
    assert first.model_dump(exclude={"timings_ms"}) == second.model_dump(exclude={"timings_ms"})


async def test_each_way_of_chunking_has_an_index_of_its_own_and_shares_it(bench, cases) -> None:
    for strategy in STRATEGIES:
        report = await bench.evaluate(changed(Variant(), f"chunking={strategy}"), cases)
        assert report.configuration["chunking"] == strategy
    await bench.evaluate(changed(Variant(), "rerank=true"), cases)
    assert len(await bench.index.collections()) == len(STRATEGIES)
    await bench.evaluate(replace(Variant(), target_tokens=40), cases)
    assert len(await bench.index.collections()) == len(STRATEGIES) + 1
