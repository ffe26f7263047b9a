"""Completes the OpenAPI document: security, problem documents, raw routes, the errors that can really happen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from servicekit.auth.guard import require
from servicekit.http.routes import RawRoute
from servicekit.problems import (
    BadRequest,
    Forbidden,
    NotFound,
    PayloadTooLarge,
    Problem,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnprocessableContent,
    UnsupportedMediaType,
    problem_responses,
)

Json = dict[str, object]

SECURITY_SCHEMES: Json = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the configured issuer"},
}
NO_NULL_CHARACTER = r"^[^\u0000]*$"
_CONSTRAINED = {"enum", "const", "pattern", "format"}
_TEXT: Json = {"type": "string"}
PROBLEM_SCHEMA: Json = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details; `code` is stable and meant for programs",
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": _TEXT,
        "code": _TEXT,
        "hint": _TEXT,
        "request_id": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": _TEXT, "message": _TEXT, "pointer": _TEXT},
                "required": ["name", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
}


def build_openapi(app: FastAPI, raw_routes: Sequence[RawRoute]) -> Json:
    """Make the document of an application and its raw routes."""
    document: Json = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    paths = cast("dict[str, dict[str, Json]]", document.setdefault("paths", {}))
    scopes = dict(_scopes_of_routes(app))
    for path, operations in paths.items():
        for method, operation in operations.items():
            complete(operation, path, scopes.get((path, method)))
    for route in raw_routes:
        if route.openapi:
            operation = dict(route.openapi)
            complete(operation, route.path, route.scopes)
            paths.setdefault(route.path, {})[route.method.lower()] = operation
    components = cast("dict[str, Json]", document.setdefault("components", {}))
    schemas = components.setdefault("schemas", {})
    _exclude_null_characters(document)
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own form of a 422, which is never sent
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    components["securitySchemes"] = SECURITY_SCHEMES
    return document


def _exclude_null_characters(node: object) -> None:
    """Say in the schema of every text that it has no null character: the edge refuses them."""
    if isinstance(node, dict):
        if node.get("type") == "string" and not _CONSTRAINED & node.keys():
            node["pattern"] = NO_NULL_CHARACTER
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            _exclude_null_characters(item)


def complete(operation: Json, path: str, scopes: Sequence[str] | None) -> None:
    """Add to an operation what the platform answers: `scopes` is None for a route without a guard."""
    if scopes is not None:
        operation["security"] = [{name: list(scopes)} for name in SECURITY_SCHEMES]
    responses = cast("dict[str, object]", operation.setdefault("responses", {}))
    if "HTTPValidationError" in str(responses.get("422", "")):  # FastAPI's own form, which is never sent
        responses.pop("422", None)
    for status, response in problem_responses(*_common(operation, path, scopes)).items():
        responses.setdefault(str(status), response)


def _common(operation: Mapping[str, object], path: str, scopes: Sequence[str] | None) -> Iterator[type[Problem]]:
    yield BadRequest
    yield Unavailable
    if scopes is not None:
        yield Unauthorized
        yield TooManyRequests
    if scopes:
        yield Forbidden
    if "{" in path:
        yield NotFound
    if "requestBody" in operation:
        yield PayloadTooLarge
        yield UnsupportedMediaType
    if "requestBody" in operation or operation.get("parameters"):
        yield UnprocessableContent


def _scopes_of_routes(app: FastAPI) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute) and context.path and context.methods:
            guards = list(_guards(context.original_route.dependant))
            for method in context.methods if guards else ():
                yield (context.path, method.lower()), tuple(scope for guard in guards for scope in guard.scopes)


def _guards(dependant: Dependant) -> Iterator[require]:
    if isinstance(dependant.call, require):
        yield dependant.call
    for dependency in dependant.dependencies:
        yield from _guards(dependency)
