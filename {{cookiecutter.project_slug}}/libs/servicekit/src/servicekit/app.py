"""The application factory: one call gives a FastAPI application with everything that a service shares."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import APIRouter, FastAPI
from opentelemetry import trace
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.http.drain import draining_on_sigterm
from servicekit.http.edge import Edge, EdgeLimits
from servicekit.http.handlers import add_problem_handlers
from servicekit.http.openapi import Json, build_openapi
from servicekit.http.platform import docs_routes, platform_routes
from servicekit.http.routes import RawRoute, RawRouter, RouteTable
from servicekit.http.security import response_headers
from servicekit.http.strict_json import StrictJson
from servicekit.jobs.endpoints import router as jobs_router
from servicekit.kit import Kit
from servicekit.settings import ServiceSettings
from servicekit.telemetry.access_log import access_log
from servicekit.telemetry.metrics import HttpMetrics
from servicekit.telemetry.setup import log_writer
from servicekit.telemetry.tracing import SCOPE, ServerSpans

Lifespan = Callable[[], AbstractAsyncContextManager[None]]

OPENAPI_URL = "/openapi.json"


class ServiceApp(FastAPI):
    """A FastAPI application behind the edge, with raw routes beside FastAPI's own."""

    edge: ASGIApp
    raw_routes: Sequence[RawRoute] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request at the edge; the rest of FastAPI lies behind it."""
        scope["app"] = self
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await self.edge(scope, receive, send)

    def openapi(self) -> Json:
        """Return the OpenAPI document."""
        if not self.openapi_schema:
            self.openapi_schema = build_openapi(self, self.raw_routes)
        return self.openapi_schema


def create_app(
    kit: Kit,
    *,
    title: str,
    routers: Sequence[APIRouter],
    raw_routes: Sequence[RawRoute] = (),
    lifespan: Lifespan | None = None,
    body_limits: Mapping[str, int] | None = None,
    deadlines: Mapping[str, float] | None = None,
) -> FastAPI:
    """Assemble the application.

    Args:
        kit: The shared parts; reachable in endpoints as `request.app.state.kit`.
        title: The name in the OpenAPI document.
        routers: The service's routes.
        raw_routes: Routes for hot paths, matched before the others.
        lifespan: What the service keeps open while it serves; entered after the kit, left before it.
        body_limits: Largest body in bytes of the routes that take more than the default, as `{"POST /v1/files": n}`.
        deadlines: Seconds until the answers of slower routes must have started, in the same form.
    """
    settings = kit.settings
    app = ServiceApp(
        title=title,
        version=kit.version,
        lifespan=partial(_running, kit, lifespan),
        docs_url=None,
        redoc_url=None,
        openapi_url=OPENAPI_URL if settings.docs_enabled else None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # the edge does it, for raw routes too
    )
    app.state.kit = kit
    for router in (jobs_router, *routers):
        app.include_router(router)
    app.raw_routes = [*_platform_routes(kit, title), *raw_routes]
    table = RouteTable(app.routes, app.raw_routes, body_limits or {}, deadlines or {})
    add_problem_handlers(app, table)
    app.edge = _edge(kit, _with_raw_routes(app, table, settings), table)
    return app


@asynccontextmanager
async def _running(kit: Kit, lifespan: Lifespan | None, _app: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(kit.running())
        if lifespan is not None:
            await stack.enter_async_context(lifespan())
        stack.enter_context(draining_on_sigterm(kit.health, kit.settings.http.drain_seconds))
        yield


def _platform_routes(kit: Kit, title: str) -> list[RawRoute]:
    settings = kit.settings
    routes = platform_routes(kit.health, kit.metrics, service=settings.service_name, version=kit.version)
    return [*routes, *docs_routes(title, OPENAPI_URL)] if settings.docs_enabled else routes


def _with_raw_routes(app: ServiceApp, table: RouteTable, settings: ServiceSettings) -> ASGIApp:
    inner: ASGIApp = RawRouter(app.raw_routes, StrictJson(app.build_middleware_stack()), table.methods)
    origins = settings.http.cors_origins
    if not origins:
        return inner
    exposed = ["X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "Location"]
    return CORSMiddleware(
        inner, allow_origins=origins, allow_methods=["*"], allow_headers=["*"], expose_headers=exposed, max_age=600
    )


def _edge(kit: Kit, app: ASGIApp, table: RouteTable) -> Edge:
    http, telemetry = kit.settings.http, kit.settings.telemetry
    tracer = trace.get_tracer(SCOPE) if telemetry.otlp_endpoint else None
    return Edge(
        app,
        routes=table,
        limits=EdgeLimits(
            http.max_body_bytes, http.max_header_bytes, http.request_timeout_seconds, http.max_concurrency
        ),
        headers=response_headers(deployed=kit.settings.deployed),
        metrics=HttpMetrics(kit.metrics),
        spans=ServerSpans(tracer, telemetry.sample_ratio),
        access_log=access_log(
            log_writer(), service=kit.settings.service_name, console=kit.settings.log.format == "console"
        ),
    )
