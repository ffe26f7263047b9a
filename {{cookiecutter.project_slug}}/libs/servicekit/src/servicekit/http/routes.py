"""Routes outside FastAPI's machinery, and what the edge knows about all routes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.problems import MethodNotAllowed

UNMATCHED = "unmatched"
N = TypeVar("N", int, float)


@dataclass(frozen=True)
class RawRoute:
    """An ASGI endpoint for a hot path, with a place in the OpenAPI document.

    The edge treats it like every other route: a `Problem` it raises is answered, and it is counted, logged and limited.
    Path parameters (`{name}`) arrive as strings in `scope["path_params"]`; a parameter never contains a slash.
    """

    path: str
    method: str
    endpoint: ASGIApp
    openapi: Mapping[str, object] = field(default_factory=dict)
    """The OpenAPI operation object, told truthfully: FastAPI cannot see into the endpoint. Empty: not documented."""
    scopes: tuple[str, ...] | None = None
    """What the endpoint's guard asks for, to be documented; None if it has no guard."""
    essential: bool = False
    """Answered even when the service sheds load, and not in the access log. For probes only."""


class RawRouter:
    """Matches raw routes before the application does."""

    def __init__(self, routes: Sequence[RawRoute], app: ASGIApp, methods_of_app: Mapping[str, set[str]]) -> None:
        self._app = app
        self._methods_of_app = methods_of_app
        self._static: dict[str, dict[str, RawRoute]] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], dict[str, RawRoute]]] = {}
        for route in routes:
            if "{" not in route.path:
                self._static.setdefault(route.path, {})[route.method] = route
            else:
                pattern = compile_path(route.path)[0]
                self._patterns.setdefault(route.path, (pattern, {}))[1][route.method] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint of a raw route, or the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        by_method, parameters = self._find(scope["path"])
        route = by_method.get(scope["method"])
        if route is not None:
            scope["route"] = route
            scope["path_params"] = parameters
            await route.endpoint(scope, receive, send)
            return
        if by_method:
            self._refuse_unknown_method(next(iter(by_method.values())).path, set(by_method), scope)
        await self._app(scope, receive, send)

    def _find(self, path: str) -> tuple[Mapping[str, RawRoute], dict[str, str]]:
        static = self._static.get(path)
        if static is not None:
            return static, {}
        for pattern, by_method in self._patterns.values():
            match = pattern.match(path)
            if match is not None:
                return by_method, match.groupdict()
        return {}, {}

    def _refuse_unknown_method(self, path: str, methods: set[str], scope: Scope) -> None:
        allowed = methods | self._methods_of_app.get(path, set())
        if scope["method"] not in allowed:
            scope["route"] = RawRoute(path, scope["method"], self._app)
            raise method_not_allowed(scope["method"], allowed)


def method_not_allowed(method: str, allowed: set[str]) -> MethodNotAllowed:
    """The refusal of a method, naming those that the path knows."""
    allow = ", ".join(sorted(allowed))
    return MethodNotAllowed(f"{method} is not possible here; {allow} is.", headers={"Allow": allow})


class RouteTable:
    """What the edge asks about routes: their template for labels, limits of their own, whether they are probes."""

    def __init__(
        self,
        routes: Sequence[BaseRoute],
        raw_routes: Sequence[RawRoute],
        body_limits: Mapping[str, int],
        deadlines: Mapping[str, float],
    ) -> None:
        self.methods: dict[str, set[str]] = {}
        self._templates: dict[int, str] = {}
        for context in iter_route_contexts(routes):
            if context.path and context.methods:
                self.methods.setdefault(context.path, set()).update(context.methods)
                self._templates[id(context.original_route)] = context.path
        self._essential = frozenset(route.path for route in raw_routes if route.essential)
        known = {f"{method} {path}" for path, methods in self.methods.items() for method in methods}
        known |= {f"{route.method} {route.path}" for route in raw_routes}
        unknown = {*body_limits, *deadlines} - known
        if unknown:
            raise ValueError(f"limits name routes that do not exist: {', '.join(sorted(unknown))}")
        self._body_limits = [(*_split(name), limit) for name, limit in body_limits.items()]
        self._deadlines = [(*_split(name), seconds) for name, seconds in deadlines.items()]
        self._all = [(compile_path(path)[0], methods) for path, methods in self.methods.items()]

    def template(self, scope: Scope) -> str:
        """The route template that a request was matched with."""
        route = scope.get("route")
        if route is None:
            return UNMATCHED
        if type(route) is RawRoute:
            return route.path
        known = self._templates.get(id(route))
        return known if known is not None else str(getattr(route, "path", UNMATCHED))

    def is_essential(self, path: str) -> bool:
        """Whether this is the path of a probe."""
        return path in self._essential

    def body_limit(self, method: str, path: str) -> int | None:
        """The route's own body limit, if it has one."""
        return _of_route(self._body_limits, method, path)

    def deadline(self, method: str, path: str) -> float | None:
        """The route's own time in seconds for a response to start, if it has one."""
        return _of_route(self._deadlines, method, path)

    def allowed(self, path: str) -> set[str]:
        """All methods that the application knows for a path."""
        return {method for pattern, methods in self._all if pattern.match(path) for method in methods}


def _of_route(limits: Sequence[tuple[str, re.Pattern[str], N]], method: str, path: str) -> N | None:
    return next((limit for its, pattern, limit in limits if its == method and pattern.match(path)), None)


def _split(name: str) -> tuple[str, re.Pattern[str]]:
    method, _, path = name.partition(" ")
    return method, compile_path(path)[0]
