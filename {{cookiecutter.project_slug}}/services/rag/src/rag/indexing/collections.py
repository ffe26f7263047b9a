"""Which collection is searched and which are written to.

A process embeds in one way only, and a vector means something only among its like. So each process looks for the
collection with its own fingerprint. While an index is rebuilt with other embeddings, old processes go on with the old
collection, which is kept for a while; new ones start when the new one is active.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rag.indexing.models import CollectionState, IndexCollection
from rag.indexing.points import COLLECTIONS
from rag.indexing.ports import VectorIndex
from servicekit.database import Database, utc_now

LONGEST_SLUG = 80


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection and what its vectors depend on."""

    name: str
    fingerprint: str
    dimensions: int


class IndexMismatch(Exception):
    """The active collection was made with other embeddings than this process would use."""

    def __init__(self, active: str, own: str) -> None:
        super().__init__(
            f"The index was made with the embeddings {active}, but the settings say {own}: run `make reindex` "
            "(in containers `docker compose run --rm --no-deps rag python -m rag reindex`), "
            "which embeds all documents anew, or restore the settings."
        )


class Collections:
    """The collections as a process with these embeddings sees them."""

    def __init__(self, database: Database, fingerprint: str, dimensions: int) -> None:
        self._database = database
        self._fingerprint = fingerprint
        self._dimensions = dimensions

    async def compare(self) -> None:
        """Raise `IndexMismatch` if there is an active collection with other embeddings."""
        active = await self._find_active()
        if active is not None and active.fingerprint != self._fingerprint:
            raise IndexMismatch(active.fingerprint, self._fingerprint)

    async def prepare(self, index: VectorIndex) -> bool:
        """Make the first collection at the first start, or again one that the store has lost.

        Returns whether it was lost, and so has to be filled. Raises `IndexMismatch` and `IndexUnavailable`.
        """
        await self.compare()
        known = await self._find_active()
        collection = known or await self._first()
        lost = known is not None and collection.name not in await index.collections()
        await index.create(collection.name, collection.dimensions)
        return lost

    async def active(self, session: AsyncSession) -> Collection | None:
        """Return the collection that this process searches; None when there is none with its embeddings."""
        return _searched(await self._own(session))

    async def targets(self, session: AsyncSession) -> Sequence[Collection]:
        """Return the collections that this process writes to: the one it searches and those that are being built."""
        own = await self._own(session)
        searched, building = _searched(own), _in_state(own, CollectionState.BUILDING)
        return [searched, *building] if searched else building

    async def begin_building(self, session: AsyncSession) -> Collection:
        """Return the collection to build: the one that was begun already, or a new one."""
        begun = _in_state(await self._own(session), CollectionState.BUILDING)
        return begun[-1] if begun else await self._add(session, CollectionState.BUILDING)

    async def activate(self, session: AsyncSession, collection: Collection) -> None:
        """Let a collection take over, in the caller's transaction; what was active before is retired."""
        now = utc_now()
        before = update(IndexCollection).where(IndexCollection.state == CollectionState.ACTIVE)
        await session.execute(before.values(state=CollectionState.RETIRED, changed_at=now))
        chosen = update(IndexCollection).where(IndexCollection.name == collection.name)
        await session.execute(chosen.values(state=CollectionState.ACTIVE, changed_at=now))

    async def expired(self, session: AsyncSession, before: datetime) -> Sequence[str]:
        """Return the names of collections that were retired before a moment."""
        query = select(IndexCollection.name).where(
            IndexCollection.state == CollectionState.RETIRED, IndexCollection.changed_at < before
        )
        return (await session.scalars(query)).all()

    async def forget(self, session: AsyncSession, name: str) -> None:
        """Remove a retired collection, which was dropped from the store."""
        retired = IndexCollection.state == CollectionState.RETIRED
        await session.execute(delete(IndexCollection).where(IndexCollection.name == name, retired))

    async def _find_active(self) -> Collection | None:
        query = select(IndexCollection).where(IndexCollection.state == CollectionState.ACTIVE)
        async with self._database.reading() as session:
            found = (await session.scalars(query)).one_or_none()
        return _collection(found) if found else None

    async def _first(self) -> Collection:
        try:
            async with self._database.session() as session:
                return await self._add(session, CollectionState.ACTIVE)
        except IntegrityError:  # another process has made it in this moment
            await self.compare()
            found = await self._find_active()
            if found is None:
                raise
            return found

    async def _own(self, session: AsyncSession) -> Sequence[IndexCollection]:
        """Return those with this process's embeddings, the one that was changed last at the end."""
        query = select(IndexCollection).where(IndexCollection.fingerprint == self._fingerprint)
        query = query.order_by(IndexCollection.changed_at, IndexCollection.name)
        return (await session.scalars(query)).all()

    async def _add(self, session: AsyncSession, state: CollectionState) -> Collection:
        now = utc_now()
        row = IndexCollection(
            name=collection_name(self._fingerprint),
            fingerprint=self._fingerprint,
            dimensions=self._dimensions,
            state=state,
            created_at=now,
            changed_at=now,
        )
        session.add(row)
        await session.flush()
        return _collection(row)


def collection_name(fingerprint: str) -> str:
    """Return a new name, which says to a person what is in the collection."""
    plain = "".join(character if character.isalnum() and character.isascii() else "-" for character in fingerprint)
    return f"{COLLECTIONS}{plain.lower()[:LONGEST_SLUG]}-{uuid4().hex[:8]}"


def _searched(own: Sequence[IndexCollection]) -> Collection | None:
    found = _in_state(own, CollectionState.ACTIVE) or _in_state(own, CollectionState.RETIRED)
    return found[-1] if found else None


def _in_state(own: Sequence[IndexCollection], state: CollectionState) -> list[Collection]:
    return [_collection(row) for row in own if row.state == state]


def _collection(row: IndexCollection) -> Collection:
    return Collection(row.name, row.fingerprint, row.dimensions)
