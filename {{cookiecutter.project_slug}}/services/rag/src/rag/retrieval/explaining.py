"""Why a passage was found: what each half of the index says about it, and the words that match."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rag.indexing.ports import Hit, Mode, Query, VectorIndex
from rag.retrieval.passages import Half, Why
from rag.retrieval.ports import ChunkKey, StoredChunk, Terms


@dataclass(frozen=True, slots=True)
class Halves:
    """Rank (from 1) and score of the best hits in each half."""

    dense: Mapping[ChunkKey, Half]
    sparse: Mapping[ChunkKey, Half]


async def read_halves(index: VectorIndex, collection: str, query: Query) -> Halves:
    """Search each half by itself, as deep as the query's limit; a half that the mode leaves out is not asked."""
    asked = [half for half in (Mode.DENSE, Mode.SPARSE) if query.mode in (half, Mode.HYBRID)]
    found = await asyncio.gather(*(index.search(collection, replace(query, mode=half)) for half in asked))
    ranked = {
        half: {(hit.revision, hit.ordinal): Half(hit.score, rank) for rank, hit in enumerate(hits, start=1)}
        for half, hits in zip(asked, found, strict=True)
    }
    return Halves(ranked.get(Mode.DENSE, {}), ranked.get(Mode.SPARSE, {}))


def explained(why: Why, hit: Hit, halves: Halves, terms: Terms, question: str, chunk: StoredChunk) -> Why:
    """Add both halves and the words of the question that the passage holds, in the question's order."""
    key = (hit.revision, hit.ordinal)
    held = set(terms.terms("\n".join((*chunk.heading, chunk.text))))
    words = dict.fromkeys(term for term in terms.terms(question) if term in held)
    return replace(why, dense=halves.dense.get(key), sparse=halves.sparse.get(key), terms=tuple(words))
