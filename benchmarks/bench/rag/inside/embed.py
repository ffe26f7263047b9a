"""Takes documents in as `ingest` does, with the embedder of the settings, and says how long only that was at work."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from bench.rag.inside.ingest import ingest
from bench.rag.inside.talk import serve
from llmkit.embeddings.cache import CachedEmbedder
from llmkit.embeddings.ports import Embedder
from rag.bootstrap import worker_resources
from rag.local import quietly
from rag.settings import RagSettings
from servicekit.settings import load_settings


class TimedEmbedder:
    """Another embedder, and for how long it was at work."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.fingerprint = inner.fingerprint
        self.dimensions = inner.dimensions
        self.seconds = 0.0

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed, and add the time that it took. Batches come one after the other."""
        begin = time.perf_counter()
        try:
            return await self._inner.embed_documents(texts)
        finally:
            self.seconds += time.perf_counter() - begin

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Embed a query."""
        return await self._inner.embed_query(text)


def main() -> None:
    """Be a worker, opened once, that takes in the files that are asked for."""
    with quietly(), asyncio.Runner() as runner:
        opened = worker_resources(load_settings(RagSettings))
        resources = runner.run(opened.__aenter__())
        cached = cast("CachedEmbedder", resources.embedder)
        timed = cached.inner = TimedEmbedder(cached.inner)
        runner.run(resources.collections.prepare(resources.index))

        def answer(request: dict[str, Any]) -> dict[str, Any]:
            timed.seconds = 0.0
            done = runner.run(ingest(resources, [Path(path) for path in request["files"]], 1))
            return {**done, "embedding_seconds": timed.seconds}

        try:
            serve(answer)
        finally:
            runner.run(opened.__aexit__(None, None, None))


if __name__ == "__main__":
    main()
