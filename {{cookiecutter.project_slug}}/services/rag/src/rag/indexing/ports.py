"""What the service needs from a store of vectors.

The database is the truth: a point only says where in it a chunk is. A store that is lost is filled again from the
database, and a hit whose chunk the database does not know (any more) is dropped by who searches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float32]
Scalar: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class SparseVector:
    """BM25 weights of terms. Of a document: saturated term frequencies; of a query: 1 per term. The store adds IDF."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One chunk in the store. Its id follows from revision and ordinal, so writing it twice leaves one."""

    id: UUID
    tenant: str
    document: UUID
    revision: UUID
    ordinal: int
    dense: Vector
    sparse: SparseVector
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a caller narrows a search by. It is always nested below the tenant's own condition."""

    documents: tuple[UUID, ...] = ()
    """Any of these; empty means all."""
    tags: tuple[str, ...] = ()
    """All of these."""
    metadata: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    """For each key any of these values."""


class Mode(StrEnum):
    """Which halves of the index answer."""

    HYBRID = "hybrid"
    DENSE = "dense"
    SPARSE = "sparse"


@dataclass(frozen=True, slots=True)
class Query:
    """A search of one tenant."""

    tenant: str
    dense: Vector
    sparse: SparseVector
    mode: Mode = Mode.HYBRID
    limit: int = 50
    filter: Filter = Filter()
    dense_weight: float = 1.0
    """What a rank of the dense half counts in the fusion, beside 1 for one of the sparse half."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A point that was found."""

    id: UUID
    document: UUID
    revision: UUID
    ordinal: int
    score: float
    """Weighted reciprocal rank fusion in hybrid mode, cosine in dense mode, BM25 in sparse mode; higher is better."""


class IndexUnavailable(Exception):
    """The store cannot be reached, or failed."""


class VectorIndex(Protocol):
    """Collections of points. Every call raises `IndexUnavailable` when the store is away."""

    async def create(self, collection: str, dimensions: int) -> None:
        """Make a collection, unless it is there: dense (cosine) and sparse (IDF), tenant as partition key."""
        ...

    async def collections(self) -> Sequence[str]:
        """Return the names of all collections of this service."""
        ...

    async def drop(self, collection: str) -> None:
        """Delete a collection; does nothing when it is not there."""
        ...

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Write points; when this returns they can be found, and outlive this process."""
        ...

    async def flush(self, collection: str) -> None:
        """Let what was written outlive the machine, too."""
        ...

    async def delete_revision(self, collection: str, tenant: str, revision: UUID) -> None:
        """Remove all points of a document's revision."""
        ...

    async def set_labels(
        self, collection: str, tenant: str, revision: UUID, tags: Sequence[str], metadata: Mapping[str, Scalar]
    ) -> None:
        """Replace tags and metadata of all points of a revision."""
        ...

    async def search(self, collection: str, query: Query) -> Sequence[Hit]:
        """Return the best points, best first; in hybrid mode one request that fuses both halves by weighted RRF."""
        ...

    async def count(self, collection: str, tenant: str, revision: UUID | None = None) -> int:
        """Return how many points there are exactly."""
        ...

    async def revisions(self, collection: str) -> Mapping[tuple[str, UUID], int]:
        """Return how many points each revision has, by tenant and revision: what is compared with the database."""
        ...

    async def ping(self) -> None:
        """Return when the store answers."""
        ...

    async def close(self) -> None:
        """Release files and connections."""
        ...
