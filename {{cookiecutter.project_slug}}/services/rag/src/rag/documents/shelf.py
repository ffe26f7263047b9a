"""Statements on documents and their revisions. Those that a caller can reach are bound to a tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, literal, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from rag.documents.errors import DocumentNotFound, RevisionGone
from rag.documents.models import Document, Revision, RevisionState
from servicekit.database import add_if_new
from servicekit.jobs import Job, JobState


class DocumentState(StrEnum):
    """How far the newest revision of a document is. Its job says so until it is ready."""

    QUEUED = "queued"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Shelved:
    """A document with its newest revision, and the job that makes it as long as there is one."""

    document: Document
    revision: Revision
    job: Job | None
    state: DocumentState


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a tenant's documents are listed."""

    before: UUID | None = None
    limit: int = 50
    tag: str | None = None
    state: DocumentState | None = None
    name: str | None = None
    """A part of the name, in any case."""


_Query: TypeAlias = Select[Document, Revision, Job, str]
_state = case(
    (Revision.state == RevisionState.READY, DocumentState.READY),
    (Job.state == JobState.RUNNING, DocumentState.PROCESSING),
    (Job.state == JobState.QUEUED, DocumentState.QUEUED),
    else_=DocumentState.FAILED,
)


class DocumentShelf:
    """Documents inside one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, tenant: str, document_id: UUID) -> Shelved:
        """Return a tenant's document; DocumentNotFound."""
        found = await self._find(_shelved().where(Document.tenant == tenant, Document.id == document_id))
        if not found:
            raise DocumentNotFound(f"There is no document {document_id}.")
        return found[0]

    async def take(self, tenant: str, document_id: UUID) -> Document:
        """Return a tenant's document, locked until the end of the transaction; DocumentNotFound."""
        query = select(Document).where(Document.tenant == tenant, Document.id == document_id).with_for_update()
        document = (await self._session.scalars(query)).one_or_none()
        if document is None:
            raise DocumentNotFound(f"There is no document {document_id}.")
        return document

    async def take_named(self, tenant: str, name: str) -> Document | None:
        """Return the tenant's document of this name, locked until the end of the transaction."""
        query = select(Document).where(Document.tenant == tenant, Document.name == name).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def with_content(self, tenant: str, sha256: str) -> Shelved | None:
        """Return a document of the tenant whose newest revision has this content and has not failed."""
        same = _shelved().where(
            Document.tenant == tenant, Revision.sha256 == sha256, _state != literal(DocumentState.FAILED)
        )
        found = await self._find(same.order_by(Document.id).limit(1))
        return found[0] if found else None

    async def page(self, tenant: str, wanted: Wanted) -> list[Shelved]:
        """Return a tenant's documents, newest first."""
        query = _shelved().where(Document.tenant == tenant).order_by(Document.id.desc()).limit(wanted.limit)
        if wanted.before is not None:
            query = query.where(Document.id < wanted.before)
        if wanted.state is not None:
            query = query.where(_state == literal(wanted.state))
        if wanted.name is not None:
            query = query.where(Document.name.icontains(wanted.name, autoescape=True))
        if wanted.tag is not None:
            query = query.where(self._has_tag(wanted.tag))
        return await self._find(query)

    async def add(self, document: Document) -> bool:
        """Add a document; False when somebody has added one of this name meanwhile."""
        return await add_if_new(self._session, document)

    async def revision(self, revision_id: UUID, *, lock: bool = False) -> tuple[Document, Revision]:
        """Return a revision and its document, both locked if wanted; RevisionGone."""
        query = select(Document, Revision).join(Revision, Revision.document_id == Document.id)
        query = query.where(Revision.id == revision_id).execution_options(populate_existing=True)
        row = (await self._session.execute(query.with_for_update() if lock else query)).one_or_none()
        if row is None:
            raise RevisionGone(str(revision_id))
        document, revision = row
        return document, revision

    async def revisions(self, document_id: UUID) -> Sequence[Revision]:
        """Return all revisions of a document, oldest first."""
        query = select(Revision).where(Revision.document_id == document_id).order_by(Revision.number)
        return (await self._session.scalars(query)).all()

    async def shown(self, after: UUID | None, limit: int) -> Sequence[Revision]:
        """Return revisions that documents of any tenant show, in the order of their ids."""
        query = select(Revision).join(Document, Document.revision == Revision.id).order_by(Revision.id).limit(limit)
        if after is not None:
            query = query.where(Revision.id > after)
        return (await self._session.scalars(query)).all()

    async def shown_ids(self) -> set[UUID]:
        """Return the ids of all revisions that are shown."""
        found = await self._session.scalars(select(Document.revision).where(Document.revision.is_not(None)))
        return {revision for revision in found if revision is not None}

    async def usable(self, revisions: Sequence[UUID]) -> set[UUID]:
        """Return those that are there and have not failed: they may have points in the index."""
        query = select(Revision.id).where(Revision.id.in_(revisions), Revision.state != RevisionState.FAILED)
        return set((await self._session.scalars(query)).all())

    async def existing(self, revisions: Sequence[UUID]) -> set[UUID]:
        """Return those that are there, in whatever state."""
        return set((await self._session.scalars(select(Revision.id).where(Revision.id.in_(revisions)))).all())

    async def stuck(self, limit: int) -> list[Shelved]:
        """Return revisions in the making whose job has ended or is gone."""
        ended = or_(Job.id.is_(None), Job.state.not_in((JobState.QUEUED, JobState.RUNNING)))
        query = (
            select(Document, Revision, Job, _state)
            .join(Revision, Revision.document_id == Document.id)
            .outerjoin(Job, Job.id == Revision.job_id)
            .where(Revision.state == RevisionState.PROCESSING, ended)
            .limit(limit)
        )
        return await self._find(query)

    async def remove_revision(self, revision_id: UUID) -> bool:
        """Remove a revision and its chunks unless its document shows it; False when it is shown."""
        if (await self._session.scalars(select(exists().where(Document.revision == revision_id)))).one():
            return False
        await self._session.execute(delete(Revision).where(Revision.id == revision_id))
        return True

    def _has_tag(self, tag: str) -> ColumnElement[bool]:
        if self._session.get_bind().dialect.name == "postgresql":
            return type_coerce(Document.tags, JSONB).contains([tag])
        each = func.json_each(Document.tags).table_valued("value")
        return exists(select(literal(1)).select_from(each).where(each.c.value == tag))

    async def _find(self, query: _Query) -> list[Shelved]:
        rows = await self._session.execute(query)
        return [Shelved(document, revision, job, DocumentState(state)) for document, revision, job, state in rows]


def _shelved() -> _Query:
    return (
        select(Document, Revision, Job, _state)
        .join(Revision, and_(Revision.document_id == Document.id, Revision.id == Document.latest))
        .outerjoin(Job, Job.id == Revision.job_id)
        .execution_options(populate_existing=True)
    )
