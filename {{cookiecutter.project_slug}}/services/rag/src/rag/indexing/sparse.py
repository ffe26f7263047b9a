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
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
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


class SparseEncoder:
    """Turns texts into the sparse vectors of documents and of queries."""

    def document(self, text: str) -> SparseVector:
        """Return a document's terms with saturated frequencies."""
        counts = Counter(self.terms(text))
        fixed = K1 * (1 - B + B * counts.total() / AVERAGE_TERMS)
        weights: dict[int, float] = {}
        for term, count in counts.items():
            weight = count * (K1 + 1) / (count + fixed)
            index = _index(term)
            weights[index] = max(weight, weights.get(index, 0.0))  # two terms with one number are one term
        return _vector(weights)

    def query(self, text: str) -> SparseVector:
        """Return a query's terms with the weight 1 each."""
        return _vector({_index(term): 1.0 for term in self.terms(text)})

    def terms(self, text: str) -> list[str]:
        """Return the terms of a text in order: words in lower case by their stem, without those that say nothing.

        A compound (`HTTP__PORT`, `maxRetries`, `follow-up`, `run.md`) is a term as a whole, and so are its parts.
        """
        plain = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text))
        return [term for match in _COMPOUND.finditer(plain) for term in _terms(match.group())]


@lru_cache(maxsize=100_000)
def _terms(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term[:LONGEST] for term in _analysed(word)))


def _analysed(word: str) -> Iterator[str]:
    if _NUMBER.fullmatch(word):
        yield word
        return
    parts = [part for piece in _PART.findall(word) for part in _SEAM.split(piece)]
    if len(parts) > 1:
        yield word.casefold().strip("_")
    for part in parts:
        lower = part.casefold()
        if _UNSPACED.fullmatch(lower):
            yield from map("".join, pairwise(lower))
        elif lower not in _STOP:
            yield stem(lower)


def _index(term: str) -> int:
    return crc32(term.encode("utf-8", "surrogatepass"))


def _vector(weights: dict[int, float]) -> SparseVector:
    indices = sorted(weights)
    return SparseVector(tuple(indices), tuple(weights[index] for index in indices))
