"""What the routes of documents take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from rag.documents.errors import Refusal
from rag.documents.labels import Metadata, Tags
from rag.documents.shelf import DocumentState, Shelved
from rag.indexing.ports import Scalar


class Outcome(StrEnum):
    """What an upload has done."""

    ACCEPTED = "accepted"
    REPLACES = "replaces"
    """The name is known: once complete, this content takes the place of what is there."""
    UNCHANGED = "unchanged"
    """The content is there already."""


class DocumentProgress(BaseModel):
    """How far the newest content is."""

    fraction: float
    message: str | None


class DocumentError(BaseModel):
    """Why the newest content could not be taken."""

    code: str
    detail: str
    hint: str | None


class DocumentView(BaseModel):
    """A document. Everything but `searchable` is about its newest content, which may still be in work."""

    model_config = ConfigDict(title="Document")

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    pages: int | None
    chunks: int | None
    state: DocumentState
    searchable: bool = Field(description="Whether questions are answered from it, be it from an older content")
    progress: DocumentProgress
    error: DocumentError | None
    tags: list[str]
    metadata: dict[str, Scalar]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, shelved: Shelved) -> Self:
        """Show a document."""
        document, revision = shelved.document, shelved.revision
        return cls(
            id=document.id,
            name=document.name,
            media_type=revision.media_type,
            size=revision.size,
            sha256=revision.sha256,
            pages=revision.pages,
            chunks=revision.chunks,
            state=shelved.state,
            searchable=document.revision is not None,
            progress=_progress(shelved),
            error=_error(shelved),
            tags=list(document.tags),
            metadata=dict(document.facts),
            created_at=document.created_at,
            updated_at=document.updated_at,
        )


class DocumentList(BaseModel):
    """A page of documents, newest first."""

    items: list[DocumentView]
    next_cursor: UUID | None


class UploadedDocument(BaseModel):
    """One file that was taken."""

    document: DocumentView
    job_id: UUID | None = Field(description="Follow it with GET /v1/jobs/{id}; null when there is nothing to do")
    outcome: Outcome


class RefusedFile(BaseModel):
    """One file that was not taken."""

    name: str
    code: str
    detail: str
    hint: str

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        """Show a refusal."""
        return cls(name=refusal.name, code=refusal.code, detail=refusal.detail, hint=refusal.hint)


class Upload(BaseModel):
    """What became of the files of an upload."""

    items: list[UploadedDocument]
    refused: list[RefusedFile]


class DocumentChange(BaseModel):
    """New tags or metadata; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    tags: Tags | None = None
    metadata: Metadata | None = None


class PageView(BaseModel):
    """The text of one page."""

    document_id: UUID
    document_name: str
    page: int
    pages: int
    text: str


def _progress(shelved: Shelved) -> DocumentProgress:
    if shelved.state is DocumentState.READY:
        return DocumentProgress(fraction=1.0, message=None)
    job = shelved.job
    if job is None:
        return DocumentProgress(fraction=0.0, message=None)
    return DocumentProgress(fraction=job.progress_fraction, message=job.progress_message)


def _error(shelved: Shelved) -> DocumentError | None:
    if shelved.state is not DocumentState.FAILED:
        return None
    revision, job = shelved.revision, shelved.job
    if revision.error_code is not None:
        return DocumentError(code=revision.error_code, detail=revision.error_detail or "", hint=revision.error_hint)
    if job is not None and job.error_code is not None:
        return DocumentError(code=job.error_code, detail=job.error_detail or "", hint=job.error_hint)
    code = job.state if job is not None else "lost"
    return DocumentError(code=code, detail="The work on the document has ended.", hint="Upload it again.")
