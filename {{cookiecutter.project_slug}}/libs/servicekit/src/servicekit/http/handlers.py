"""Turns the errors of FastAPI and Starlette into problem documents."""

from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.websockets import WebSocket

from servicekit.database.errors import UNREACHABLE, DatabaseUnavailable
from servicekit.http.refusals import InternalError
from servicekit.http.routes import RouteTable, method_not_allowed
from servicekit.http.strict_json import is_json
from servicekit.problems import (
    MEDIA_TYPE,
    BadRequest,
    FieldError,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Problem,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
    render,
)

_log = structlog.get_logger(__name__)
_BY_STATUS: dict[int, type[Problem]] = {
    cls.status: cls for cls in (BadRequest, Unauthorized, Forbidden, NotFound, PayloadTooLarge, UnsupportedMediaType)
}


class UnknownPath(NotFound):
    """No route has this path."""

    code = "unknown_path"


def add_problem_handlers(app: FastAPI, routes: RouteTable) -> None:
    """Answer every error of the application with a problem document."""

    async def problem(connection: HTTPConnection, error: Exception) -> Response | None:
        assert isinstance(error, Problem)  # noqa: S101 - as registered
        if isinstance(connection, WebSocket):
            await connection.close(WS_1008_POLICY_VIOLATION, error.code)
            return None
        return respond(connection, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered
        return respond(request, _validation_problem(request, error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as registered
        return respond(request, _http_problem(request, error, routes))

    async def database_away(request: Request, error: Exception) -> Response:
        _log.warning("database_unavailable", reason=f"{type(error).__name__}: {error}")
        return respond(request, DatabaseUnavailable())

    async def unexpected(request: Request, _error: Exception) -> Response:
        return respond(request, InternalError())

    app.add_exception_handler(Problem, problem)  # type: ignore[arg-type]  # Starlette takes handlers of both kinds
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)
    for unreachable in UNREACHABLE:
        app.add_exception_handler(unreachable, database_away)


def respond(request: HTTPConnection, problem: Problem) -> Response:
    """The response for a problem."""
    content = render(problem, request.url.path)
    return Response(content, status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def _http_problem(request: Request, error: HTTPException, routes: RouteTable) -> Problem:
    if error.status_code == MethodNotAllowed.status:
        return method_not_allowed(request.method, routes.allowed(request.url.path))
    if error.status_code == NotFound.status and "endpoint" not in request.scope:
        return UnknownPath(f"There is nothing at {request.url.path}.")
    cls = _BY_STATUS.get(error.status_code, Problem)
    problem = cls(str(error.detail), headers=error.headers)
    if cls is Problem:  # a status that no class of ours stands for
        problem.status, problem.code = error.status_code, "http_error"
    return problem


def _validation_problem(request: Request, error: RequestValidationError) -> Problem:
    errors: Sequence[ErrorDetails] = error.errors()
    if any(item["loc"][0] == "body" for item in errors) and _of_wrong_type(request):
        return UnsupportedMediaType(
            f"The route does not read {request.headers.get('content-type', 'an unnamed type')}."
        )
    return UnprocessableContent(
        f"{len(errors)} value{'s are' if len(errors) > 1 else ' is'} not valid.",
        errors=[field_error(item["loc"], item["msg"]) for item in errors],
    )


def _of_wrong_type(request: Request) -> bool:
    """Whether the body is of another type than the route reads."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or route.body_field is None:
        return False
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return False
    given = headers.get("content-type", "").encode("latin-1")
    expected: str = getattr(route.body_field.field_info, "media_type", "application/json")
    if expected == "application/json":
        return not is_json(given)
    return not given.lower().startswith((b"multipart/form-data", b"application/x-www-form-urlencoded"))


def field_error(location: tuple[int | str, ...], message: str) -> FieldError:
    """Name the place of a validation error: `rows[0].age` with a JSON pointer in bodies, `query.limit` elsewhere."""
    where, *steps = location
    if where != "body":
        return FieldError(".".join(map(str, location)), message)
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
    return FieldError(name or "body", message, f"#{pointer}")
