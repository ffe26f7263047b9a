"""The project's hashed embeddings, which need no model and no network, in the form that LlamaIndex takes."""

from typing import Any

from llama_index.core.embeddings import BaseEmbedding
from pydantic import PrivateAttr

from llmkit.embeddings.hashed import HashedEmbedder


class Hashed(BaseEmbedding):
    """The same vectors as in the project's own index."""

    _embedder: HashedEmbedder = PrivateAttr(default_factory=HashedEmbedder)

    def __init__(self, **options: Any) -> None:
        super().__init__(model_name="hashed", embed_batch_size=64, **options)

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._embedder.embed(texts).tolist()

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)
