"""Statements on chunks: the text of what was found, and what stands around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Insert, Select, and_, bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rag.chunking.chunks import Chunk
from rag.documents.errors import RevisionGone
from rag.documents.models import Document, Revision, StoredChunk

ChunkKey: TypeAlias = tuple[UUID, int]
"""Revision and ordinal."""
SIZES = (16, 64, 200)
"""Keys that one statement asks for. Each size is one statement, built and compiled once; databases limit how long."""
_CHANGING = ("text", "heading", "page", "page_end", "breaks", "parent", "tokens")


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A chunk of a document that can be seen at present."""

    document_id: UUID
    document_name: str
    revision: UUID
    ordinal: int
    text: str
    heading: tuple[str, ...]
    page: int
    page_end: int
    breaks: tuple[int, ...]
    parent: int

    def on_page(self, page: int) -> str:
        """Return what of the text stands on one of its pages."""
        places = (0, *self.breaks, len(self.text))
        return self.text[places[page - self.page] : places[page - self.page + 1]].strip()


class ChunkRepository:
    """Chunks inside one unit of work.

    What is found belongs to the current revision of a document, which is always complete. A revision's id is known
    only to who has found a visible chunk of it, so only `visible` asks for the tenant.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def visible(self, tenant: str, keys: Sequence[ChunkKey]) -> dict[ChunkKey, FoundChunk]:
        """Return those of the tenant's chunks that can be seen; the others are missing."""
        found: dict[ChunkKey, FoundChunk] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), SIZES[-1]):
            some = wanted[start : start + SIZES[-1]]
            size = next(size for size in SIZES if size >= len(some))
            chunks = await self._find(_of_keys(size), _parameters(tenant, some, size))
            found |= {(chunk.revision, chunk.ordinal): chunk for chunk in chunks}
        return found

    async def neighbours(self, revision: UUID, ordinal: int, before: int = 1, after: int = 1) -> Sequence[FoundChunk]:
        """Return the chunks around one and itself, in reading order."""
        return await self._of(revision, StoredChunk.ordinal.between(ordinal - before, ordinal + after))

    async def of_parent(self, revision: UUID, parent: int) -> Sequence[FoundChunk]:
        """Return all chunks of a parent in reading order."""
        return await self._of(revision, StoredChunk.parent == parent)

    async def of_page(self, revision: UUID, page: int) -> Sequence[FoundChunk]:
        """Return the chunks that stand on a page, wholly or in part, in reading order."""
        return await self._of(revision, and_(StoredChunk.page <= page, StoredChunk.page_end >= page))

    async def last_page(self, revision: UUID) -> int | None:
        """Return the highest page that has text."""
        query = select(func.max(StoredChunk.page_end)).where(StoredChunk.revision_id == revision)
        return (await self._session.scalars(query)).one()

    async def batch(self, revision: UUID, start: int, size: int) -> list[Chunk]:
        """Return a revision's chunks from an ordinal on, whether it is complete or not."""
        query = (
            select(StoredChunk)
            .where(StoredChunk.revision_id == revision, StoredChunk.ordinal >= start)
            .order_by(StoredChunk.ordinal)
            .limit(size)
        )
        return [_chunk(stored) for stored in (await self._session.scalars(query)).all()]

    async def write(self, revision: UUID, chunks: Sequence[Chunk]) -> None:
        """Write chunks of a revision, over those of the same ordinals; RevisionGone when it was deleted."""
        statement = _upsert(self._session.get_bind().dialect.name)
        try:
            await self._session.execute(statement, [_row(revision, chunk) for chunk in chunks])
        except IntegrityError as error:
            raise RevisionGone(str(revision)) from error

    async def clear(self, revision: UUID) -> bool:
        """Remove all chunks of a revision; False when there were none."""
        removed = delete(StoredChunk).where(StoredChunk.revision_id == revision).returning(StoredChunk.ordinal)
        return bool((await self._session.scalars(removed)).all())

    async def _of(self, revision: UUID, condition: ColumnElement[bool]) -> Sequence[FoundChunk]:
        return await self._find(_visible(and_(StoredChunk.revision_id == revision, condition)))

    async def _find(self, query: Select[Any], parameters: Mapping[str, object] | None = None) -> list[FoundChunk]:
        connection = await self._session.connection()  # plain rows: the session would take longer than the database
        rows = (await connection.execute(query, parameters)).all()
        return [
            FoundChunk(document, name, revision, ordinal, text, tuple(heading), page, page_end, tuple(breaks), parent)
            for document, name, revision, ordinal, text, heading, page, page_end, breaks, parent in rows
        ]


@cache
def _upsert(dialect: str) -> Insert:
    """One row a parameter set: a statement with the rows in it would be compiled anew for every batch."""
    insert = insert_postgresql if dialect == "postgresql" else insert_sqlite
    row = insert(StoredChunk.__table__)  # type: ignore[arg-type]  # a mapped class has a Table
    changed = {name: row.excluded[name] for name in _CHANGING}
    return row.on_conflict_do_update(index_elements=["revision_id", "ordinal"], set_=changed)


@cache
def _of_keys(size: int) -> Select[Any]:
    """The tenant's chunks of so many keys, by the primary key on both databases."""
    keys = (
        and_(
            StoredChunk.revision_id == bindparam(f"revision{place}"),
            StoredChunk.ordinal == bindparam(f"ordinal{place}"),
        )
        for place in range(size)
    )
    return _visible(or_(*keys)).where(Document.tenant == bindparam("tenant"))


def _parameters(tenant: str, keys: Sequence[ChunkKey], size: int) -> dict[str, object]:
    """Fill the places of a statement; the last key is repeated where there are fewer."""
    parameters: dict[str, object] = {"tenant": tenant}
    for place in range(size):
        revision, ordinal = keys[min(place, len(keys) - 1)]
        parameters[f"revision{place}"], parameters[f"ordinal{place}"] = revision, ordinal
    return parameters


def _visible(condition: ColumnElement[bool]) -> Select[Any]:
    """Chunks with their documents, as far as they can be seen.

    The chunks come first, by their primary key, and then one document each: left alone, SQLite reads all chunks of the
    tenant instead, which takes longer with every document.
    """
    chosen = select(StoredChunk).where(condition).cte("chosen").prefix_with("MATERIALIZED")
    columns = chosen.c
    return (
        select(
            Document.id.label("document_id"),
            Document.name.label("document_name"),
            columns.revision_id.label("revision"),
            *(columns[name] for name in ("ordinal", "text", "heading", "page", "page_end", "breaks", "parent")),
        )
        .select_from(chosen)
        .join(Revision, Revision.id == columns.revision_id)
        .join(Document, and_(Document.id == Revision.document_id, Document.revision == Revision.id))
        .order_by(columns.revision_id, columns.ordinal)
    )


def _row(revision: UUID, chunk: Chunk) -> dict[str, object]:
    return {
        "revision_id": revision,
        "ordinal": chunk.ordinal,
        "text": chunk.text,
        "heading": list(chunk.heading),
        "page": chunk.page,
        "page_end": chunk.page_end,
        "breaks": list(chunk.breaks),
        "parent": chunk.parent,
        "tokens": chunk.tokens,
    }


def _chunk(stored: StoredChunk) -> Chunk:
    return Chunk(
        ordinal=stored.ordinal,
        text=stored.text,
        heading=tuple(stored.heading),
        page=stored.page,
        breaks=tuple(stored.breaks),
        parent=stored.parent,
        tokens=stored.tokens,
    )
