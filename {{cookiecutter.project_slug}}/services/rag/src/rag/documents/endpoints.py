"""Routes of documents."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Path, Query, Security, UploadFile, status
from fastapi.responses import StreamingResponse

from rag.dependencies import ServicesDep
from rag.documents.errors import ContentNotFound, DocumentNotFound, DocumentsRefused, LabelsRefused, PageNotFound
from rag.documents.inbox import Inbox
from rag.documents.labels import parse_metadata, parse_tags
from rag.documents.schemas import (
    DocumentChange,
    DocumentList,
    DocumentView,
    Outcome,
    PageView,
    RefusedFile,
    Upload,
    UploadedDocument,
)
from rag.documents.service import Added, DocumentService, Labels
from rag.documents.shelf import DocumentShelf, DocumentState, Wanted
from rag.documents.storage import content_key
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.idempotency import IdempotentRoute
from servicekit.problems import problem_responses

DOCUMENTS_PATH = "/v1/documents"

router = APIRouter(prefix=DOCUMENTS_PATH, tags=["documents"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Security(require("rag:read"))]
Writer = Annotated[Principal, Security(require("rag:write"))]
_BINARY = {"items": {"type": "string", "format": "binary"}}
Files = Annotated[
    list[UploadFile],
    File(description="PDF, DOCX, HTML, Markdown or plain text", min_length=1, json_schema_extra=_BINARY),
]


async def documents(services: ServicesDep, session: Session) -> DocumentService:
    """Return the service, bound to the request's unit of work."""
    return DocumentService(session, services.kit.jobs)


async def inbox(services: ServicesDep) -> Inbox:
    """Return where files are received."""
    return Inbox(services.kit.storage, services.settings.ingestion)


Documents = Annotated[DocumentService, Depends(documents, scope="function")]
InboxDep = Annotated[Inbox, Depends(inbox)]


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Upload documents",
    responses=problem_responses(DocumentsRefused, LabelsRefused),
)
async def upload_documents(
    files: Files,
    caller: Writer,
    documents: Documents,
    inbox: InboxDep,
    tags: Annotated[str | None, Form(description="Separated by commas")] = None,
    metadata: Annotated[str | None, Form(description="A JSON object of plain values")] = None,
) -> Upload:
    """Take documents in; a job makes each searchable.

    A document is known by its name, and folders in it count. The same name with another content replaces the old one
    at the moment when the new one is complete; tags and metadata that are not given stay. The same content again,
    also under another name, changes nothing.
    """
    labels = Labels(parse_tags(tags), parse_metadata(metadata))
    received, refused = await inbox.receive(files)
    try:
        added = await documents.add_all(caller, received, labels)
    except BaseException:
        await inbox.discard(received)
        raise
    pairs = zip(received, added, strict=True)
    await inbox.discard(file for file, result in pairs if result.outcome is Outcome.UNCHANGED)
    return Upload(items=[_uploaded(result) for result in added], refused=[RefusedFile.of(file) for file in refused])


@router.get("", summary="List documents, newest first")
async def list_documents(
    caller: Reader,
    session: Session,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    state: DocumentState | None = None,
    name: Annotated[str | None, Query(max_length=255, description="A part of the name, in any case")] = None,
) -> DocumentList:
    """Return a page of the tenant's documents."""
    wanted = Wanted(before=cursor, limit=limit + 1, tag=tag, state=state, name=name)
    found = await DocumentShelf(session).page(caller.tenant, wanted)
    items = [DocumentView.of(shelved) for shelved in found[:limit]]
    return DocumentList(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.get("/{document_id}", summary="Look at a document", responses=problem_responses(DocumentNotFound))
async def read_document(document_id: UUID, caller: Reader, documents: Documents) -> DocumentView:
    """Return a document of the tenant, with the progress of its newest content."""
    return DocumentView.of(await documents.get(caller.tenant, document_id))


@router.patch("/{document_id}", summary="Change tags or metadata", responses=problem_responses(DocumentNotFound))
async def change_document(
    document_id: UUID, change: DocumentChange, caller: Writer, documents: Documents
) -> DocumentView:
    """Replace tags, metadata or both; what is left out stays. Searches know it some seconds later."""
    labels = Labels(change.tags, change.metadata)
    return DocumentView.of(await documents.relabel(caller, document_id, labels))


@router.delete(
    "/{document_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a document",
    responses=problem_responses(DocumentNotFound),
)
async def delete_document(document_id: UUID, caller: Writer, documents: Documents) -> None:
    """Delete a document: no search finds it from now on, and a job removes its vectors and its file."""
    await documents.delete(caller, document_id)


@router.get(
    "/{document_id}/pages/{page}",
    summary="The text of a page",
    responses=problem_responses(DocumentNotFound, PageNotFound),
)
async def read_page(
    document_id: UUID, page: Annotated[int, Path(ge=1, le=1_000_000)], caller: Reader, documents: Documents
) -> PageView:
    """Return what was read from a page, tables as Markdown. Formats without pages have one."""
    found = await documents.page(caller.tenant, document_id, page)
    return PageView(
        document_id=document_id, document_name=found.document.name, page=page, pages=found.pages, text=found.text
    )


@router.get(
    "/{document_id}/content",
    summary="The file as it was uploaded",
    response_class=StreamingResponse,
    responses=problem_responses(DocumentNotFound, ContentNotFound)
    | {200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def read_content(
    document_id: UUID, caller: Reader, services: ServicesDep, documents: Documents
) -> StreamingResponse:
    """Send the file, to be saved: a browser must not run what a stranger has uploaded."""
    document, revision = await documents.content(caller.tenant, document_id)
    if not await services.kit.storage.exists(content_key(revision.id)):
        raise ContentNotFound("The file is not in the storage any more.")
    name = quote(document.name.rpartition("/")[2], safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Content-Length": str(revision.size)}
    body = services.kit.storage.get(content_key(revision.id))
    return StreamingResponse(body, media_type="application/octet-stream", headers=headers)


def _uploaded(added: Added) -> UploadedDocument:
    return UploadedDocument(document=DocumentView.of(added.document), job_id=added.job_id, outcome=added.outcome)
