"""Errors that a client may see: RFC 9457 problem details with a stable `code`.

A domain error subclasses the class of its status beside its service and sets `code`:

    class DatasetNotFound(NotFound):
        code = "dataset_not_found"
        hint = "List the datasets with GET /v1/datasets."

    raise DatasetNotFound(f"There is no dataset {dataset_id}.")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from servicekit.context import current_request

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with a request: where (`rows[0].age`, `query.limit`) and what."""

    name: str
    message: str
    pointer: str | None = None
    """The place inside a JSON body as a JSON pointer (`#/rows/0/age`), when it is in the body."""


class Problem(Exception):
    """An expected failure, answered as `application/problem+json`."""

    status: int = 500
    code: str = "internal_error"
    title: str | None = None
    """A short sentence that is the same for every occurrence; the reason phrase of the status when unset."""
    hint: str | None = None
    """What the caller can do about it."""

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint or type(self).hint
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.retry_after = retry_after
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


class BadRequest(Problem):
    """The request cannot be understood."""

    status = 400
    code = "bad_request"


class Unauthorized(Problem):
    """There is no valid credential."""

    status = 401
    code = "unauthorized"


class Forbidden(Problem):
    """The credential is valid and does not allow this."""

    status = 403
    code = "forbidden"


class NotFound(Problem):
    """There is no such thing, or it is another tenant's."""

    status = 404
    code = "not_found"


class MethodNotAllowed(Problem):
    """The path exists and does not know the method."""

    status = 405
    code = "method_not_allowed"


class Conflict(Problem):
    """The request contradicts the present state."""

    status = 409
    code = "conflict"


class PayloadTooLarge(Problem):
    """The request body is larger than the route allows."""

    status = 413
    code = "payload_too_large"


class UnsupportedMediaType(Problem):
    """The body is of a type that the route does not read."""

    status = 415
    code = "unsupported_media_type"


class UnprocessableContent(Problem):
    """The request is well formed and its content is not valid."""

    status = 422
    code = "invalid_request"


class TooManyRequests(Problem):
    """The tenant's rate limit is used up."""

    status = 429
    code = "rate_limited"


class HeaderFieldsTooLarge(Problem):
    """The request head is larger than the service allows."""

    status = 431
    code = "header_fields_too_large"


class Unavailable(Problem):
    """The service cannot answer now and may later."""

    status = 503
    code = "unavailable"


def title_of(problem: Problem | type[Problem]) -> str:
    """The title of a problem type."""
    return problem.title or HTTPStatus(problem.status).phrase


def render(problem: Problem, path: str) -> bytes:
    """The JSON document for one occurrence of a problem at a path."""
    context = current_request()
    document: dict[str, object] = {
        "type": "about:blank",
        "title": title_of(problem),
        "status": problem.status,
        "detail": problem.detail,
        "instance": path,
        "code": problem.code,
        "request_id": context.request_id if context else None,
    }
    if problem.hint:
        document["hint"] = problem.hint
    if problem.errors:
        document["errors"] = [_field_error(error) for error in problem.errors]
    return msgspec.json.encode(document)


def _field_error(error: FieldError) -> dict[str, str]:
    fields = {"name": error.name, "message": error.message}
    return fields | {"pointer": error.pointer} if error.pointer else fields


def problem_headers(problem: Problem, body: bytes) -> list[tuple[bytes, bytes]]:
    """The response headers that belong to a rendered problem."""
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in problem.headers.items()]
    return headers


def problem_responses(*classes: type[Problem]) -> dict[int | str, dict[str, object]]:
    """What FastAPI's `responses=` needs to document these problems; several of one status share an entry."""
    responses: dict[int | str, dict[str, object]] = {}
    for status in sorted({cls.status for cls in classes}):
        of_status = [cls for cls in classes if cls.status == status]
        codes = ", ".join(f"`{cls.code}`" for cls in of_status)
        responses[status] = {
            "description": f"{title_of(of_status[0])}: {codes}",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses
