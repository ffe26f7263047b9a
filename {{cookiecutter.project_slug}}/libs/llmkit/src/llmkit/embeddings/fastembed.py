"""Embeddings and reranking by local ONNX models."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from llmkit.embeddings.errors import EmbeddingModelMissing
from llmkit.embeddings.hashed import normalised
from llmkit.embeddings.local import local_options
from llmkit.embeddings.prefixes import Prefixes, prefixes_of

if TYPE_CHECKING:
    from fastembed import TextEmbedding
    from fastembed.rerank.cross_encoder import TextCrossEncoder

T = TypeVar("T")
DEFAULT_MODEL = "BAAI/bge-small-en-v1.5"
TOGETHER = 8
"""Most texts that go through a network at once.

On a processor more are not faster, and the memory grows with them: with the default model, 64 chunks of the usual size
take a gigabyte more. Texts are ordered by length first, because all of a batch are padded to the longest.
"""


class FastembedEmbedder:
    """Adapter `fastembed`. The model is loaded at the first text, in a thread."""

    def __init__(
        self,
        model: str,
        *,
        folder: Path | None,
        prefixes: Prefixes,
        download: bool = False,
        threads: int | None = None,
        batch_size: int = 64,
    ) -> None:
        self._model = model
        self._prefixes = prefixes
        self._batch_size = batch_size
        self._options = local_options(model, folder, download=download, setting="EMBEDDING__MODEL_DIR")
        self._threads = threads
        self._lock = Lock()
        self._loaded: TextEmbedding | None = None

    @property
    def fingerprint(self) -> str:
        """`fastembed-BAAI/bge-small-en-v1.5`, with the prefixes when they are not the model's own."""
        return f"fastembed-{self._model}{self._prefix_mark()}"

    @property
    def dimensions(self) -> int:
        """Length of every vector, by fastembed's own list of models."""
        from fastembed import TextEmbedding

        return int(TextEmbedding.get_embedding_size(self._model))

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors. Runs in a thread; onnxruntime uses its own."""
        prefixed = [self._prefixes.passage + text for text in texts]
        return await anyio.to_thread.run_sync(self._embed, prefixed)

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the unit vector of a query."""
        vectors = await anyio.to_thread.run_sync(self._embed, [self._prefixes.query + text])
        row: npt.NDArray[np.float32] = vectors[0]
        return row

    def _embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        order = _by_length(texts)
        # fastembed's own prefixes stay out of it: they differ by model class, ours are in the fingerprint
        found = list(self._load().embed([texts[at] for at in order], batch_size=min(TOGETHER, self._batch_size)))
        vectors = np.empty((len(texts), len(found[0])), dtype=np.float32)
        vectors[order] = found
        return normalised(vectors)

    def _load(self) -> "TextEmbedding":
        from fastembed import TextEmbedding

        with self._lock:
            if self._loaded is None:
                self._loaded = _loaded(
                    lambda: TextEmbedding(self._model, threads=self._threads, **self._options), self._model
                )
            return self._loaded

    def _prefix_mark(self) -> str:
        usual = prefixes_of(self._model)
        return "" if self._prefixes == usual else f"-{self._prefixes.query!r}-{self._prefixes.passage!r}"


class FastembedReranker:
    """Adapter `fastembed`: a cross-encoder reads query and passage together. Loaded at the first use."""

    def __init__(self, model: str, *, folder: Path | None, download: bool = False, threads: int | None = None) -> None:
        self._model = model
        self._options = local_options(model, folder, download=download, setting="EMBEDDING__RERANKER_DIR")
        self._threads = threads
        self._lock = Lock()
        self._loaded: TextCrossEncoder | None = None

    @property
    def name(self) -> str:
        """`fastembed:` and the model."""
        return f"fastembed:{self._model}"

    async def rerank(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return the cross-encoder's scores, which are not bounded."""
        return await anyio.to_thread.run_sync(self._rerank, query, passages)

    def _rerank(self, query: str, passages: Sequence[str]) -> list[float]:
        order = _by_length(passages)
        scores = [0.0] * len(passages)
        found = self._load().rerank(query, [passages[at] for at in order], batch_size=TOGETHER) if passages else ()
        for at, score in zip(order, found, strict=True):
            scores[at] = float(score)
        return scores

    def _load(self) -> "TextCrossEncoder":
        from fastembed.rerank.cross_encoder import TextCrossEncoder

        with self._lock:
            if self._loaded is None:
                self._loaded = _loaded(
                    lambda: TextCrossEncoder(self._model, threads=self._threads, **self._options), self._model
                )
            return self._loaded


def _by_length(texts: Sequence[str]) -> list[int]:
    """Return the places of texts, the shortest first."""
    return sorted(range(len(texts)), key=lambda at: len(texts[at]))


def _loaded(make: Callable[[], T], model: str) -> T:
    try:
        return make()
    except Exception as error:  # fastembed and onnxruntime have no common base for a model that cannot be loaded
        raise EmbeddingModelMissing(f"The model {model} cannot be loaded: {error}") from error
