"""Text that speaks to the model instead of the reader: found here, shown to people, never given to a model."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from rag.retrieval.ports import ChunkKey, StoredChunk

Reasons: TypeAlias = tuple[str, ...]
Screen: TypeAlias = Callable[[str], Reasons]
REMEMBERED = 100_000
"""Chunks. Judging one takes a millisecond, and a chunk that is found once is found again."""
REMEMBERED_NAMES = 4096


def trust_everything(_text: str) -> Reasons:
    """Find nothing suspicious: the null adapter."""
    return ()


class ChunkScreen:
    """Judges chunks, each once: the text of a revision never changes."""

    def __init__(self, screen: Screen, remembered: int = REMEMBERED) -> None:
        self._screen = screen
        self._around = lru_cache(REMEMBERED_NAMES)(screen)
        self._known: dict[ChunkKey, Reasons] = {}
        self._remembered = remembered

    def reasons(self, chunk: StoredChunk) -> Reasons:
        """Return why a chunk, its headings or the name of its document are suspicious; nothing when they are not."""
        key = (chunk.revision, chunk.ordinal)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= self._remembered:
                del self._known[next(iter(self._known))]
            known = self._known[key] = self._screen(chunk.text)
        around = self._around("\n".join((chunk.document_name, *chunk.heading)))  # a document can be renamed
        return tuple(dict.fromkeys((*known, *around)))
