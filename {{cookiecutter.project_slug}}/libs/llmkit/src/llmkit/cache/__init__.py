"""Earlier answers, given again: exactly the same call, or the same question in other words.

cache = build_cache(settings.cache, database=kit.database, embedder=embedder, registry=kit.metrics)
Call(tenant, "rag.answer", cache=CacheMode.SEMANTIC, cache_tags=("document:6f…",))    # a call site opts in
await delete_tagged(session, tenant, "document:6f…")                                  # the document is deleted
"""

from llmkit.cache.factory import build_cache
from llmkit.cache.repository import delete_tagged
from llmkit.cache.settings import CacheSettings

__all__ = ["CacheSettings", "build_cache", "delete_tagged"]
