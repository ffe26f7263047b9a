"""A library that does not look up what hardly ever changes."""

import time
from contextlib import AbstractAsyncContextManager

from rag.retrieval.ports import ChunkReader, Library

REMEMBERED_SECONDS = 5.0
"""How long the name of the collection is believed. A replaced one is kept for hours, so an old name still works."""


class RememberingLibrary:
    """Wraps another library and asks it for the collection only now and then."""

    def __init__(self, library: Library, seconds: float = REMEMBERED_SECONDS) -> None:
        self._library = library
        self._seconds = seconds
        self._name: str | None = None
        self._until = 0.0

    async def collection(self) -> str | None:
        """Return the collection; that there is none is not remembered."""
        if self._name is None or time.monotonic() > self._until:
            self._name = await self._library.collection()
            self._until = time.monotonic() + self._seconds
        return self._name

    def reading(self) -> AbstractAsyncContextManager[ChunkReader]:
        """Open a transaction of the library."""
        return self._library.reading()
