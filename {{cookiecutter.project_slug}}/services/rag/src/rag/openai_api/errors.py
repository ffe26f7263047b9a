"""Errors as OpenAI's clients understand them: a route class that answers with them instead of problem documents.

What is refused before a route is found (bodies that are too large or no JSON, overload, unknown paths) is a problem
document here too; OpenAI's clients show its text.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from servicekit.database.errors import UNREACHABLE, DatabaseUnavailable
from servicekit.http.handlers import field_error
from servicekit.http.strict_json import is_json
from servicekit.problems import BadRequest, NotFound, Problem, UnprocessableContent, UnsupportedMediaType

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_log = structlog.get_logger(__name__)


class ErrorBody(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorDocument(BaseModel):
    """OpenAI's form of an error."""

    error: ErrorBody


class ModelNotFound(NotFound):
    """There is no such model."""

    code = "model_not_found"


class OpenAIRoute(APIRoute):
    """A route whose errors have OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler, which checks the credential and the payload and calls the endpoint."""
        handle = super().get_route_handler()

        async def handle_in_shape(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                return respond(problem)
            except RequestValidationError as error:
                return respond(_invalid(request, error))
            except HTTPException as error:
                return respond(BadRequest(str(error.detail)))
            except UNREACHABLE as error:
                _log.warning("database_unavailable", reason=f"{type(error).__name__}: {error}")
                return respond(DatabaseUnavailable())

        return handle_in_shape


def document(problem: Problem) -> ErrorDocument:
    """Say a problem in OpenAI's form."""
    parts = [problem.detail, *(f"{error.name}: {error.message}." for error in problem.errors), problem.hint or ""]
    body = ErrorBody(
        message=" ".join(part for part in parts if part),
        type=_TYPES.get(problem.status, "invalid_request_error" if problem.status < 500 else "server_error"),
        param=problem.errors[0].name if problem.errors else None,
        code=problem.code,
    )
    return ErrorDocument(error=body)


def respond(problem: Problem) -> Response:
    """Return the response for a problem, with its headers."""
    return JSONResponse(document(problem).model_dump(), problem.status, problem.headers)


def error_responses(*classes: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Return what FastAPI's `responses=` needs to document these problems in OpenAI's form.

    400 and 503 may come from before the route as well, as problem documents.
    """
    responses: dict[int | str, dict[str, Any]] = {}
    for status in sorted({cls.status for cls in classes} | {400, 401, 403, 415, 422, 429, 503}):
        codes = ", ".join(f"`{cls.code}`" for cls in classes if cls.status == status)
        responses[status] = {"model": ErrorDocument, "description": codes or "An error in OpenAI's form"}
        if status in (400, 503):
            responses[status]["content"] = _PROBLEM
    return responses


_PROBLEM: Mapping[str, object] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _invalid(request: Request, error: RequestValidationError) -> Problem:
    errors = error.errors()
    length = request.headers.get("content-length", "0")
    if length != "0" and not is_json(request.headers.get("content-type", "").encode("latin-1")):
        return UnsupportedMediaType("The route reads application/json.")
    return UnprocessableContent(
        f"{len(errors)} value{'s are' if len(errors) > 1 else ' is'} not valid.",
        errors=[field_error(item["loc"], item["msg"]) for item in errors],
    )
