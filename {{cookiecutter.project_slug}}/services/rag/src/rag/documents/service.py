"""Taking documents in, changing what is said about them, and throwing them away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rag.caching import forget_answers
from rag.documents.errors import PageNotFound
from rag.documents.inbox import Received
from rag.documents.models import Document, Revision, RevisionState
from rag.documents.repository import ChunkRepository
from rag.documents.schemas import Outcome
from rag.documents.shelf import DocumentShelf, DocumentState, Shelved
from rag.documents.work import INGEST, PURGE, RELABEL, IngestParams, PurgeParams, RelabelParams
from rag.indexing.ports import Scalar
from servicekit.auth.principal import Principal
from servicekit.database import utc_now, uuid7
from servicekit.jobs import JobService


@dataclass(frozen=True, slots=True)
class Labels:
    """Tags and metadata; None leaves what is there."""

    tags: Sequence[str] | None = None
    metadata: Mapping[str, Scalar] | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a received file."""

    document: Shelved
    outcome: Outcome
    job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page."""

    document: Document
    page: int
    pages: int
    text: str


class DocumentService:
    """Documents of the tenants, inside one unit of work."""

    def __init__(self, session: AsyncSession, jobs: JobService) -> None:
        self._session = session
        self._jobs = jobs
        self._shelf = DocumentShelf(session)
        self._chunks = ChunkRepository(session)

    async def add_all(self, caller: Principal, files: Sequence[Received], labels: Labels) -> list[Added]:
        """Add files, by name, so that two uploads never wait for each other in a ring; return them in their order."""
        added: dict[UUID, Added] = {}
        for file in sorted(files, key=lambda each: each.name):
            added[file.revision] = await self.add(caller, file, labels)
        return [added[file.revision] for file in files]

    async def add(self, caller: Principal, file: Received, labels: Labels) -> Added:
        """Make a received file a document, or a new revision of the one with its name.

        A content that the tenant has already is not taken again: under the same name nothing happens, and under a
        new name the answer is the document that has it. The file of an unchanged document is the caller's to discard.
        """
        document = await self._shelf.take_named(caller.tenant, file.name)
        if document is None:
            twin = await self._shelf.with_content(caller.tenant, file.sha256)
            if twin is not None:
                return Added(twin, Outcome.UNCHANGED)
            document = await self._create(caller, file, labels)
            if document is not None:
                return await self._begin(caller, document, file, 1, Outcome.ACCEPTED)
            return await self.add(caller, file, labels)  # somebody has just taken the name
        return await self._revise(caller, document, file, labels)

    async def get(self, tenant: str, document_id: UUID) -> Shelved:
        """Return a tenant's document; DocumentNotFound."""
        return await self._shelf.get(tenant, document_id)

    async def relabel(self, caller: Principal, document_id: UUID, labels: Labels) -> Shelved:
        """Replace tags or metadata; searches know it when the job is done. DocumentNotFound."""
        document = await self._shelf.take(caller.tenant, document_id)
        if _apply(document, labels):
            document.updated_at = utc_now()
            params = RelabelParams(document=document.id)
            await self._jobs.enqueue(self._session, RELABEL, params, tenant=caller.tenant, actor=caller.subject)
            await self._session.flush()
        return await self._shelf.get(caller.tenant, document_id)

    async def delete(self, caller: Principal, document_id: UUID) -> None:
        """Remove a document with all its revisions: it is not found from now on. DocumentNotFound."""
        document = await self._shelf.take(caller.tenant, document_id)
        revisions = await self._shelf.revisions(document.id)
        for revision in revisions:
            if revision.state == RevisionState.PROCESSING:
                await self._jobs.cancel(self._session, caller.tenant, revision.job_id)
        params = PurgeParams(document=document.id, revisions=[revision.id for revision in revisions])
        await self._jobs.enqueue(self._session, PURGE, params, tenant=caller.tenant, actor=caller.subject)
        await forget_answers(self._session, caller.tenant, document.id)
        await self._session.delete(document)

    async def page(self, tenant: str, document_id: UUID, page: int) -> Page:
        """Return the text of a page of what is shown at present; DocumentNotFound, PageNotFound."""
        document = (await self._shelf.get(tenant, document_id)).document
        if document.revision is None:
            raise PageNotFound("The text of the document is not ready.", hint="Wait until its state is ready.")
        _, revision = await self._shelf.revision(document.revision)
        pages = revision.pages or await self._chunks.last_page(revision.id) or 1
        if page > pages:
            raise PageNotFound(f"The document has {pages} pages.")
        texts = [chunk.on_page(page) for chunk in await self._chunks.of_page(revision.id, page)]
        return Page(document, page, pages, "\n\n".join(texts))

    async def content(self, tenant: str, document_id: UUID) -> tuple[Document, Revision]:
        """Return whose file is to be sent: what is shown, or what is in work until then. DocumentNotFound."""
        shelved = await self._shelf.get(tenant, document_id)
        if shelved.document.revision is None:
            return shelved.document, shelved.revision
        return await self._shelf.revision(shelved.document.revision)

    async def _create(self, caller: Principal, file: Received, labels: Labels) -> Document | None:
        now = utc_now()
        document = Document(
            id=uuid7(),
            tenant=caller.tenant,
            name=file.name,
            revision=None,
            latest=file.revision,
            tags=list(labels.tags or ()),
            facts=dict(labels.metadata or {}),
            actor=caller.subject,
            created_at=now,
            updated_at=now,
        )
        return document if await self._shelf.add(document) else None

    async def _revise(self, caller: Principal, document: Document, file: Received, labels: Labels) -> Added:
        latest = await self._shelf.get(caller.tenant, document.id)
        if latest.revision.sha256 == file.sha256 and latest.state is not DocumentState.FAILED:
            return Added(latest, Outcome.UNCHANGED)
        if _apply(document, labels) and document.revision is not None:
            params = RelabelParams(document=document.id)
            await self._jobs.enqueue(self._session, RELABEL, params, tenant=caller.tenant, actor=caller.subject)
        document.latest, document.updated_at = file.revision, utc_now()
        return await self._begin(caller, document, file, latest.revision.number + 1, Outcome.REPLACES)

    async def _begin(
        self, caller: Principal, document: Document, file: Received, number: int, outcome: Outcome
    ) -> Added:
        params = IngestParams(document=document.id, revision=file.revision)
        job = await self._jobs.enqueue(self._session, INGEST, params, tenant=caller.tenant, actor=caller.subject)
        revision = Revision(
            id=file.revision,
            document_id=document.id,
            tenant=caller.tenant,
            number=number,
            state=RevisionState.PROCESSING,
            media_type=file.media_type,
            size=file.size,
            sha256=file.sha256,
            job_id=job.id,
            created_at=utc_now(),
        )
        self._session.add(revision)
        await self._session.flush()
        return Added(Shelved(document, revision, job, DocumentState.QUEUED), outcome, job.id)


def _apply(document: Document, labels: Labels) -> bool:
    """Take over the labels that are given; return whether any has changed."""
    before = (document.tags, document.facts)
    if labels.tags is not None:
        document.tags = list(labels.tags)
    if labels.metadata is not None:
        document.facts = dict(labels.metadata)
    return (document.tags, document.facts) != before
