"""More text around a hit for the model to read."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.retrieval.passages import Expansion, Piece
from rag.retrieval.ports import ChunkKey, ChunkReader, StoredChunk
from rag.retrieval.screening import ChunkScreen


@dataclass(frozen=True, slots=True)
class Expanded:
    """A chunk with the pieces of its context, in reading order."""

    chunk: StoredChunk
    pieces: tuple[Piece, ...]


async def expand(
    reader: ChunkReader, chunks: Sequence[StoredChunk], how: Expansion, screen: ChunkScreen
) -> list[Expanded]:
    """Add surrounding chunks. Each chunk stands in one context only: that of the best hit that wants it.

    A suspicious chunk is added to nothing; whether a hit itself is suspicious is for the caller to judge.
    """
    taken: set[ChunkKey] = {(chunk.revision, chunk.ordinal) for chunk in chunks}
    expanded = []
    for chunk in chunks:
        context = [chunk]
        for other in await _around(reader, chunk, how):
            key = (other.revision, other.ordinal)
            if key not in taken and not screen.reasons(other):
                taken.add(key)
                context.append(other)
        context.sort(key=lambda piece: piece.ordinal)
        expanded.append(Expanded(chunk, tuple(map(piece_of, context))))
    return expanded


def piece_of(chunk: StoredChunk) -> Piece:
    """Return a chunk as a part of a context."""
    return Piece(chunk.ordinal, chunk.page, chunk.text, chunk.breaks)


async def _around(reader: ChunkReader, chunk: StoredChunk, how: Expansion) -> Sequence[StoredChunk]:
    if how is Expansion.NEIGHBOURS:
        return await reader.neighbours(chunk.revision, chunk.ordinal)
    if how is Expansion.PARENT:
        return await reader.of_parent(chunk.revision, chunk.parent)
    return ()
