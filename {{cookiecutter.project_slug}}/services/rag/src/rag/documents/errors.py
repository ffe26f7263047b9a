"""What can be wrong with a document or a request about it."""

from dataclasses import dataclass

from servicekit.problems import FieldError, NotFound, UnprocessableContent


class DocumentNotFound(NotFound):
    """The tenant has no such document."""

    code = "document_not_found"
    hint = "List the documents with GET /v1/documents."


class PageNotFound(NotFound):
    """The document has no such page, or its text is not ready."""

    code = "page_not_found"


class ContentNotFound(NotFound):
    """The file was lost with the storage, or removed in this moment."""

    code = "content_not_found"
    hint = "Upload it again."


class LabelsRefused(UnprocessableContent):
    """Tags or metadata cannot be used."""

    code = "labels_refused"
    hint = 'Tags are separated by commas; metadata is a JSON object of plain values: {"year": 2024, "final": true}.'


@dataclass(frozen=True, slots=True)
class Refusal:
    """One file of an upload that was not taken."""

    name: str
    code: str
    detail: str
    hint: str


class DocumentsRefused(UnprocessableContent):
    """No file of the upload was taken; `errors` says of each why, and of a single one `code` does."""

    code = "documents_refused"

    def __init__(self, refusals: list[Refusal]) -> None:
        first = refusals[0]
        errors = [FieldError(f"files[{refused.name}]", refused.detail) for refused in refusals]
        super().__init__(first.detail, hint=first.hint, errors=errors)
        if len(refusals) == 1:
            self.code = first.code


class RevisionGone(Exception):
    """The revision, or its document, was deleted meanwhile."""
