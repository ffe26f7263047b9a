"""The table of collections: which of them is searched, and which embeddings are in it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base


class CollectionState(StrEnum):
    """Where a collection is in its life."""

    BUILDING = "building"
    ACTIVE = "active"
    """The one of which there is one: services start only with its embeddings."""
    RETIRED = "retired"
    """Replaced, and kept for a while for processes that still embed as it does."""


ONE_ACTIVE = text("state = 'active'")


class IndexCollection(Base):
    """One collection of the store of vectors."""

    __tablename__ = "index_collections"
    __table_args__ = (
        Index(
            "uq_index_collections_active", "state", unique=True, sqlite_where=ONE_ACTIVE, postgresql_where=ONE_ACTIVE
        ),
    )

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(255))
    dimensions: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
