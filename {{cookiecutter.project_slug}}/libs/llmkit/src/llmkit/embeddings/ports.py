"""Ports of embeddings and rerankers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on (`hashed-384-1`, `fastembed-BAAI/bge-small-en-v1.5`); stored with a collection."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        ...

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors, shape (texts, dimensions)."""
        ...

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the unit vector of a query, shape (dimensions,)."""
        ...


class Reranker(Protocol):
    """Judges how well passages answer a query."""

    @property
    def name(self) -> str:
        """What it is, for metadata."""
        ...

    async def rerank(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return a score for each passage, higher is better."""
        ...
