"""Makes the cache that the settings ask for."""

from prometheus_client import CollectorRegistry

from llmkit.cache.metrics import CacheMetrics
from llmkit.cache.null import NullAnswerCache
from llmkit.cache.settings import CacheSettings
from llmkit.cache.sql import SqlAnswerCache
from llmkit.embeddings.ports import Embedder
from llmkit.ports import AnswerCache
from servicekit.database import Database


def build_cache(
    settings: CacheSettings, *, database: Database, embedder: Embedder, registry: CollectorRegistry
) -> AnswerCache:
    """Make the cache; one that keeps nothing when it is switched off."""
    if not settings.enabled:
        return NullAnswerCache()
    return SqlAnswerCache(settings, database, embedder, CacheMetrics(registry))
