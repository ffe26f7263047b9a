"""Embeddings without a model: words, their stems and pieces are hashed into a vector.

They find what shares words (also misspelt and inflected ones), not what shares only meaning, and they say so by name.
The same text gives the same vector on every machine.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from threading import Lock

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from llmkit.language.words import as_word

VERSION = 1
"""Raised whenever the vectors change, so that collections made before are told apart."""
_TOKEN = re.compile(r"\w+")
_STEM, _PART, _PIECES, _PAIR = 1.0, 0.7, 0.9, 0.3
_STOP_WEIGHT = 0.05
_WIDTH = 16
"""Features that are kept of one word."""


class HashedEmbedder:
    """Adapter `hashed`: features of words by signed hashing, term frequencies damped, unit length.

    The features of at most about `most_words` words are remembered.
    """

    def __init__(self, dimensions: int = 768, *, most_words: int = 100_000) -> None:
        self._dimensions = dimensions
        self._most_words = most_words
        self._lock = Lock()
        self._forget()

    @property
    def fingerprint(self) -> str:
        """`hashed-768-1`: dimensions and version of the features."""
        return f"hashed-{self._dimensions}-{VERSION}"

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        return self._dimensions

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors; a text without a word gives zeros. Runs in a thread."""
        return await anyio.to_thread.run_sync(self.embed, texts)

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the vector of a query, which is made like that of a document."""
        row: npt.NDArray[np.float32] = self.embed([text])[0]
        return row

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors, shape (texts, dimensions)."""
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for at, text in enumerate(texts):
            with self._lock:  # for one text at a time, so that a query never waits for a whole document
                vectors[at] = self._vector(text)
        return normalised(vectors)

    def _vector(self, text: str) -> npt.NDArray[np.float64]:
        if len(self._numbers) > self._most_words:
            self._forget()
        found = _TOKEN.findall(text)
        if not found:
            return np.zeros(self._dimensions)
        if unknown := [token for token in dict.fromkeys(found) if token not in self._numbers]:
            self._learn(unknown)
        tokens = [self._numbers[token] for token in found]
        counts = Counter(tokens)
        numbers = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        damped = 1.0 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
        weights = self._values[numbers] * damped[:, None]
        vector = np.bincount(self._indices[numbers].ravel(), weights=weights.ravel(), minlength=self._dimensions)
        return vector + self._pairs(np.asarray(tokens, dtype=np.int64))

    def _pairs(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Neighbouring content words, hashed together."""
        hashes = self._hashes[tokens]
        hashes = hashes[hashes != 0]
        if len(hashes) < 2:
            return np.zeros(self._dimensions)
        mixed = (hashes[:-1] * np.uint64(0x9E3779B97F4A7C15)) ^ hashes[1:]
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = np.unique(mixed)
        signs = np.where(mixed >> np.uint64(63), _PAIR, -_PAIR)
        slots = ((mixed >> np.uint64(20)) % np.uint64(self._dimensions)).astype(np.int64)
        return np.bincount(slots, weights=signs, minlength=self._dimensions).astype(np.float64)

    def _forget(self) -> None:
        """Empty the table of words, which would otherwise grow for ever. Row 0 stays unused."""
        self._numbers: dict[str, int] = {}
        self._indices = np.zeros((1024, _WIDTH), dtype=np.int64)
        self._values = np.zeros((1024, _WIDTH))
        self._hashes = np.zeros(1024, dtype=np.uint64)

    def _learn(self, tokens: Sequence[str]) -> None:
        """Add new words to the table, all at once: one by one, most of the time would go into short arrays."""
        features = [features_of(token) for token in tokens]
        counts = np.asarray([len(own) for own, _ in features])
        hashes = np.asarray([each for own, _ in features for each in own], dtype=np.uint64)
        weights = np.asarray([each for _, own in features for each in own])
        first = len(self._numbers) + 1
        self._make_room(first + len(tokens))
        starts = np.cumsum(counts) - counts
        rows = np.repeat(np.arange(first, first + len(tokens)), counts)
        columns = np.arange(len(hashes)) - np.repeat(starts, counts)
        self._indices[rows, columns] = (hashes >> np.uint64(1)) % np.uint64(self._dimensions)
        self._values[rows, columns] = np.where(hashes & np.uint64(1), weights, -weights)
        content = np.flatnonzero([bool(own) and own[0] > _STOP_WEIGHT for _, own in features])
        self._hashes[first + content] = np.maximum(hashes[starts[content]], np.uint64(1))
        self._numbers.update(zip(tokens, range(first, first + len(tokens)), strict=True))

    def _make_room(self, rows: int) -> None:
        while rows > len(self._hashes):
            self._indices = np.concatenate([self._indices, np.zeros_like(self._indices)])
            self._values = np.concatenate([self._values, np.zeros_like(self._values)])
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])


def normalised(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Bring each row to length 1; a row of zeros stays."""
    lengths: npt.NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1.0
    return vectors / lengths


def features_of(token: str) -> tuple[list[int], list[float]]:
    """Return hashes and weights of the features of one word: its stem first, then parts of a compound, then letters."""
    word = as_word(token)
    if not word.stem:
        return [], []
    said = word.weight
    if not said:
        return [_hash_of_word(word.stem)], [_STOP_WEIGHT]
    weight = min(1.2, max(0.45, said))
    pieces = _pieces(word.plain)
    share = _PIECES * weight / math.sqrt(len(pieces)) if pieces else 0.0
    hashes = [_hash_of_word(word.stem), *map(_hash_of_word, word.parts), *map(_hash_of_piece, pieces)]
    weights = [_STEM * weight, *[_PART * weight] * len(word.parts), *[share] * len(pieces)]
    return hashes[:_WIDTH], weights[:_WIDTH]


def _pieces(plain: str) -> list[str]:
    """All runs of three letters of a word with its borders: most survive a slip of the finger."""
    if len(plain) < 4 or not plain.isalpha():
        return []
    bordered = f"<{plain}>"
    return [bordered[at : at + 3] for at in range(len(bordered) - 2)]


def _hash_of_word(stem: str) -> int:
    return _hash(f"w:{stem}")


@lru_cache(maxsize=20_000)
def _hash_of_piece(piece: str) -> int:
    """Most runs of three letters of a new word are known from other words."""
    return _hash(f"p:{piece}")


def _hash(feature: str) -> int:
    return int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "little")
