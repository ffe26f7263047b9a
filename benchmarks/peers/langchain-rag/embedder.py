"""The project's hashed embeddings, which need no model and no network, in the form that LangChain takes."""

from langchain_core.embeddings import Embeddings

from llmkit.embeddings.hashed import HashedEmbedder


class Hashed(Embeddings):
    """The same vectors as in the project's own index."""

    def __init__(self) -> None:
        self._embedder = HashedEmbedder()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a unit vector for each text."""
        return self._embedder.embed(texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of a question."""
        return self.embed_documents([text])[0]
