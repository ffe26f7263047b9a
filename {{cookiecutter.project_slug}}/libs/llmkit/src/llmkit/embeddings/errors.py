"""What can go wrong with embeddings besides the faults of a provider, which are those of `llmkit.errors`."""


class EmbeddingModelMissing(Exception):
    """The files of a local model are not there or not usable. The text says what to do."""
