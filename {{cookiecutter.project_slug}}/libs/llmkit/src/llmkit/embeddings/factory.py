"""From settings to an embedder and a reranker."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from llmkit.embeddings import fastembed, provider
from llmkit.embeddings.cache import CachedEmbedder, VectorCache
from llmkit.embeddings.hashed import HashedEmbedder
from llmkit.embeddings.lexical import LexicalReranker, NoReranker
from llmkit.embeddings.ports import Embedder, Reranker
from llmkit.embeddings.prefixes import prefixes_of
from llmkit.embeddings.settings import EmbeddingSettings

CACHE_FILE = "embeddings.db"


@runtime_checkable
class _Closable(Protocol):
    async def aclose(self) -> None: ...


def make_embedder(settings: EmbeddingSettings, *, cache_dir: Path | None) -> Embedder:
    """Return the embedder of the settings.

    Vectors of models are cached in `cache_dir`; hashing is faster than a look-up.
    Raises `EmbeddingModelMissing` when the files of a local model are not there.
    """
    if settings.provider == "hashed":
        return HashedEmbedder(settings.dimensions or 768)
    embedder = _fastembed(settings) if settings.provider == "fastembed" else _provider(settings)
    if cache_dir is None or settings.cache_mb == 0:
        return embedder
    cache = VectorCache(cache_dir / CACHE_FILE, settings.cache_mb * 1024 * 1024)
    return CachedEmbedder(embedder, cache, batch_size=settings.batch_size)


def make_reranker(settings: EmbeddingSettings) -> Reranker:
    """Return the reranker of the settings. Raises `EmbeddingModelMissing`."""
    if settings.reranker == "none":
        return NoReranker()
    if settings.reranker == "lexical":
        return LexicalReranker()
    return fastembed.FastembedReranker(
        settings.reranker_model, folder=settings.reranker_dir, download=settings.download, threads=settings.threads
    )


async def close_embedder(embedder: Embedder) -> None:
    """Close connections and files, where there are any."""
    for part in (embedder, getattr(embedder, "inner", None)):
        if isinstance(part, _Closable):
            await part.aclose()


def _fastembed(settings: EmbeddingSettings) -> Embedder:
    model = settings.model or fastembed.DEFAULT_MODEL
    return fastembed.FastembedEmbedder(
        model,
        folder=settings.model_dir,
        prefixes=prefixes_of(model, settings.query_prefix, settings.passage_prefix),
        download=settings.download,
        threads=settings.threads,
        batch_size=settings.batch_size,
    )


def _provider(settings: EmbeddingSettings) -> Embedder:
    model = settings.model or provider.DEFAULT_MODEL
    dimensions = settings.dimensions or provider.DIMENSIONS.get(model)
    if dimensions is None:
        raise ValueError(f"EMBEDDING__DIMENSIONS is needed: nobody here knows how long the vectors of {model} are")
    return provider.ProviderEmbedder(
        model,
        base_url=settings.base_url,
        api_key=settings.api_key,
        dimensions=dimensions,
        prefixes=prefixes_of(model, settings.query_prefix, settings.passage_prefix),
        batch_size=settings.batch_size,
        attempts=settings.attempts,
        timeout_seconds=settings.timeout_seconds,
    )
