"""Reranking without a model: how much of the query a passage covers, how close together, and in which place."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import anyio.to_thread

from llmkit.language.similarity import matches
from llmkit.language.words import Word, content, forms, terms

_K1, _B = 1.2, 0.6
_HEADING_CHARACTERS = 200


class LexicalReranker:
    """Adapter `lexical`: BM25 over the given passages, coverage of the query, closeness of its words, headings."""

    name = "lexical"

    async def rerank(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return scores from 0 up, comparable within one call only."""
        return await anyio.to_thread.run_sync(rerank, query, passages)


class NoReranker:
    """Adapter `none`: keeps the order that it is given."""

    name = "none"

    async def rerank(self, query: str, passages: Sequence[str]) -> list[float]:  # noqa: ARG002 - the port's signature
        """Return falling scores."""
        return [1.0 / (place + 1) for place in range(len(passages))]


def rerank(query: str, passages: Sequence[str]) -> list[float]:
    """Score passages against a query by their words."""
    sequences = [terms(passage) for passage in passages]
    vocabulary = frozenset(term for sequence in sequences for term in sequence)
    asked = [(word, matches(word, vocabulary, lambda: _forms(passages))) for word in content(query)]
    if not asked or not passages:
        return [0.0] * len(passages)
    mean = sum(map(len, sequences)) / len(sequences) or 1.0
    frequencies = Counter(term for sequence in sequences for term in set(sequence))
    idf = {word.stem: _idf(found, frequencies, len(passages)) for word, found in asked}
    headings = [frozenset(terms(_heading(passage))) for passage in passages]
    return [
        _score(asked, idf, sequence, heading, len(sequence) / mean)
        for sequence, heading in zip(sequences, headings, strict=True)
    ]


def _forms(passages: Sequence[str]) -> frozenset[str]:
    return frozenset(form for passage in passages for form in forms(passage))


def _idf(found: dict[str, float], frequencies: Counter[str], total: int) -> float:
    frequency = max((frequencies[term] for term in found), default=0)
    return 0.2 + math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def _heading(passage: str) -> str:
    first = passage.split("\n", 1)[0]
    return first if len(first) <= _HEADING_CHARACTERS else ""


def _score(
    asked: Sequence[tuple[Word, dict[str, float]]],
    idf: dict[str, float],
    sequence: Sequence[str],
    heading: frozenset[str],
    relative_length: float,
) -> float:
    counts = Counter(sequence)
    total = sum(word.weight * idf[word.stem] for word, _ in asked) or 1.0
    bm25 = covered = headed = 0.0
    for word, found in asked:
        weight = word.weight * idf[word.stem] / total
        frequency = sum(counts[term] * sure for term, sure in found.items())
        bm25 += weight * frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * relative_length))
        covered += weight * max((sure for term, sure in found.items() if counts[term]), default=0.0)
        headed += weight * max((sure for term, sure in found.items() if term in heading), default=0.0)
    return 0.5 * bm25 + 1.0 * covered + 0.25 * headed + 0.35 * _closeness(asked, sequence)


def _closeness(asked: Sequence[tuple[Word, dict[str, float]]], sequence: Sequence[str]) -> float:
    """Share of the query's neighbours that stand within three words of each other."""
    places = [[at for at, term in enumerate(sequence) if term in found] for _, found in asked]
    pairs = list(pairwise(places))
    if not pairs:
        return 0.0
    return sum(any(0 < abs(a - b) <= 3 for a in one[:50] for b in other[:50]) for one, other in pairs) / len(pairs)
