"""The keyword half of the index: terms of a text and their BM25 weights.

The weight of a term in a document is `tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average))` (Robertson and
Zaragoza, 2009). The average length is fixed, so that a document's vector never depends on the others; the rarity of a
term (IDF) is added by the store when it is asked.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from llmkit.language.words import stem
from rag.indexing.ports import SparseVector

K1 = 1.2
B = 0.75
AVERAGE_TERMS = 150
"""About the number of terms in a chunk of usual size."""
LONGEST = 64
"""Characters of a term; what is longer is no word."""

_COMPOUND = re.compile(r"\w+(?:[-./:+#@]+\w+)*[+#]*")
_PART = re.compile(r"[^\W_]+[+#]*")
_SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"\d+(?:[.]\d+)*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
"""Japanese, Chinese and Korean, written without spaces between words."""
_LITTLE = """
    a an and any are aren as at be been being but by can could couldn d did didn do does doesn doing don for from
    had has have having he her here hers him his how i if in into is isn it its itself just ll m me might must my
    myself no nor not of on or our ours out over own re s shall she should shouldn so some such t than that the their
    theirs them then there these they this those to too us ve very was wasn we were weren what when where which while
    who whom whose why will with won would wouldn you your yours
"""
_STOP = frozenset(_LITTLE.split())


class Terms(NamedTuple):
    """What one word is found by."""

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    """Of the names, in the store. Two terms with one number are one term."""


class SparseEncoder:
    """Turns texts into the sparse vectors of documents and of queries."""

    def document(self, text: str) -> SparseVector:
        """Return a document's terms with saturated frequencies."""
        counts = Counter[int]()
        for word, count in Counter(_words(text)).items():
            for number in _terms(word).numbers:
                counts[number] += count
        fixed = K1 * (1 - B + B * counts.total() / AVERAGE_TERMS)
        return _vector({number: count * (K1 + 1) / (count + fixed) for number, count in counts.items()})

    def query(self, text: str) -> SparseVector:
        """Return a query's terms with the weight 1 each."""
        return _vector({number: 1.0 for word in _words(text) for number in _terms(word).numbers})

    def terms(self, text: str) -> list[str]:
        """Return the terms of a text in order: words in lower case by their stem, without those that say nothing.

        A compound (`HTTP__PORT`, `maxRetries`, `follow-up`, `run.md`) is a term as a whole, and so are its parts.
        """
        return [name for word in _words(text) for name in _terms(word).names]


def _words(text: str) -> list[str]:
    return _COMPOUND.findall(_THOUSANDS.sub("", unicodedata.normalize("NFKC", text)))


@lru_cache(maxsize=100_000)
def _terms(word: str) -> Terms:
    names = _names(word)
    return Terms(names, tuple([crc32(name.encode("utf-8", "surrogatepass")) for name in names]))


def _names(word: str) -> tuple[str, ...]:
    if word.isascii() and word.isalpha() and (word.islower() or word.istitle()):  # most words: they have no parts
        lower = word.lower()
        return () if lower in _STOP else (stem(lower)[:LONGEST],)
    if _NUMBER.fullmatch(word):
        return (word[:LONGEST],)
    return tuple(dict.fromkeys(name[:LONGEST] for name in _parts(word)))


def _parts(word: str) -> Iterator[str]:
    parts = [part for piece in _PART.findall(word) for part in _SEAM.split(piece)]
    if len(parts) > 1:
        yield word.casefold().strip("_")
    for part in parts:
        lower = part.casefold()
        if _UNSPACED.fullmatch(lower):
            yield from map("".join, pairwise(lower))
        elif lower not in _STOP:
            yield stem(lower)


def _vector(weights: dict[int, float]) -> SparseVector:
    indices = sorted(weights)
    return SparseVector(tuple(indices), tuple(map(weights.__getitem__, indices)))
