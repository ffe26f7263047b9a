"""The jobs of documents: their names, parameters and results."""

from uuid import UUID

from pydantic import BaseModel

INGEST = "document.ingest"
PURGE = "document.purge"
RELABEL = "document.relabel"


class IngestParams(BaseModel):
    """Make a revision searchable."""

    document: UUID
    revision: UUID


class IngestResult(BaseModel):
    """What has become of it."""

    document: UUID
    revision: UUID
    pages: int | None
    chunks: int
    outcome: str
    """`ready`, `superseded` by a newer revision, or `deleted` meanwhile."""


class PurgeParams(BaseModel):
    """Remove what is left of revisions that nobody sees any more."""

    document: UUID
    revisions: list[UUID]


class PurgeResult(BaseModel):
    """How many revisions were removed."""

    revisions: int


class RelabelParams(BaseModel):
    """Bring the tags and metadata of a document into the index."""

    document: UUID


class RelabelResult(BaseModel):
    """How many revisions have new labels."""

    revisions: int
