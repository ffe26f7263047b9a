"""How often the semantic cache would give an answer to another question: measured, not believed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from llmkit.cache.guard import same_question
from llmkit.embeddings.ports import Embedder


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions, and whether one answer is right for both."""

    one: str
    other: str
    same: bool


@dataclass(frozen=True, slots=True)
class SemanticRates:
    """Shares of the pairs that would be hits."""

    hits: float
    """Of pairs that ask the same: the more, the more calls are saved."""
    false_hits: float
    """Of pairs that ask different things: wrong answers, if there were any."""
    false_hits_unguarded: float
    """The same by cosine alone, without the guard."""
    pairs: int


def shipped_pairs() -> list[Pair]:
    """Return the pairs that come with the library: paraphrases, and the classical confusions."""
    lines = resources.files("llmkit.cache").joinpath("pairs.jsonl").read_text(encoding="utf-8").splitlines()
    return [Pair(**json.loads(line)) for line in lines]


async def measure(embedder: Embedder, similarity: float, pairs: Sequence[Pair] | None = None) -> SemanticRates:
    """Return the rates of an embedder and a threshold; both kinds of pairs have to be there."""
    chosen = shipped_pairs() if pairs is None else list(pairs)
    cosines = [await _cosine(embedder, pair) for pair in chosen]
    near = [cosine >= similarity for cosine in cosines]
    hit = [close and same_question(pair.one, pair.other) for pair, close in zip(chosen, near, strict=True)]
    return SemanticRates(
        hits=_share(hit, [pair.same for pair in chosen]),
        false_hits=_share(hit, [not pair.same for pair in chosen]),
        false_hits_unguarded=_share(near, [not pair.same for pair in chosen]),
        pairs=len(chosen),
    )


async def _cosine(embedder: Embedder, pair: Pair) -> float:
    return float(np.dot(await embedder.embed_query(pair.one), await embedder.embed_query(pair.other)))


def _share(hits: Sequence[bool], among: Sequence[bool]) -> float:
    return sum(hit for hit, counts in zip(hits, among, strict=True) if counts) / sum(among)
