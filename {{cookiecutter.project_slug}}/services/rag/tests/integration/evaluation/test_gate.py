"""The shipped gate on the shipped questions: passed as things are, and not when retrieval is broken."""

import argparse
import json
from collections.abc import Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest

from llmkit.embeddings.hashed import HashedEmbedder
from llmkit.prompts import PromptStore
from rag.answers import PROMPTS
from rag.cli import migration_folders
from rag.evaluation.asking import RetrieverSearching
from rag.evaluation.bench import Bench
from rag.evaluation.cli import add_commands
from rag.evaluation.command import run
from rag.evaluation.configurations import Variant
from rag.evaluation.corpus import CorpusDocument, read_project
from rag.evaluation.files import read_set
from rag.evaluation.gate import Breach, breaches, read_bounds
from rag.evaluation.local import RepeatableIndex, Tools
from rag.evaluation.parts import EvaluationParts
from rag.indexing.ports import SparseVector, Vector
from rag.indexing.sparse import SparseEncoder
from rag.parsing.limits import ParsingLimits
from rag.retrieval.memory import PlainRewriter
from rag.retrieval.screening import trust_everything
from rag.retrieval.service import Retriever
from rag.settings import RagSettings

OF_RETRIEVAL = {"recall@10", "ndcg@10"}


class ShuffledVectors(HashedEmbedder):
    """Vectors that belong to other texts: what a re-embedding gone wrong leaves."""

    async def embed_documents(self, texts: Sequence[str]) -> Vector:
        return np.random.default_rng(1).permutation(await super().embed_documents(texts))


@pytest.fixture(scope="module")
def documents() -> Sequence[CorpusDocument]:
    return read_project(ParsingLimits())


async def judge(index, documents, settings, embedder, encode) -> set[str]:
    """Return the metrics of retrieval that do not keep the shipped bounds."""

    @asynccontextmanager
    async def parts(library):
        retriever = Retriever(
            library=library,
            index=index,
            embedder=embedder,
            terms=SparseEncoder(),
            rewriter=PlainRewriter(),
            screen=trust_everything,
        )
        yield EvaluationParts(RetrieverSearching(retriever), None)

    async with Bench(documents, embedder, encode, index, parts, lambda _: settings.chunking.options()) as bench:
        report = await bench.evaluate(Variant(settings.retrieval.options()), read_set("project"))
    found: Sequence[Breach] = breaches(report, read_bounds())
    return {breach.bound.metric for breach in found} & OF_RETRIEVAL


def nothing(_: str) -> SparseVector:
    return SparseVector((), ())


@pytest.mark.parametrize(
    ("embedder", "encode", "breached"),
    [
        (HashedEmbedder(768), SparseEncoder().document, set()),
        (ShuffledVectors(768), nothing, OF_RETRIEVAL),
    ],
    ids=["as it is", "broken"],
)
async def test_retrieval_passes_the_gate_and_a_broken_one_does_not(
    tmp_path, documents, settings, embedder, encode, breached
) -> None:
    index = RepeatableIndex(tmp_path / "index")
    try:
        assert await judge(index, documents, settings, embedder, encode) == breached
    finally:
        await index.close()


async def evaluate(settings: RagSettings, *arguments: str) -> None:
    """Run the command; it must succeed."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(), RagSettings)
    said: list[str] = []
    tools = Tools(PromptStore.load(PROMPTS), migration_folders())
    code = await run(settings, parser.parse_args(["evaluate", *arguments]), tools, said.append, said.append)
    assert code == 0, "".join(said)


async def test_the_service_as_it_is_passes_the_whole_gate(settings) -> None:
    await evaluate(settings, "--gate")


async def test_both_halves_of_the_index_together_find_at_least_what_either_finds(settings, tmp_path) -> None:
    halves = ("mode=dense", "mode=sparse")
    report = tmp_path / "report.json"
    compared = [argument for half in halves for argument in ("--compare", half)]
    await evaluate(settings, "--search-only", *compared, "--output", str(report))
    comparisons = json.loads(report.read_text(encoding="utf-8"))["comparisons"]
    for half in halves:
        for metric in OF_RETRIEVAL:
            values = comparisons[half]["metrics"][metric]
            assert values["first"] >= values["second"], (half, metric, values)
