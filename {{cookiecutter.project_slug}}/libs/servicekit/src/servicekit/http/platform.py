"""The routes that every service has: probes, version, metrics, documentation."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files

import msgspec
from fastapi.openapi.docs import get_swagger_ui_html
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.http.health import Health
from servicekit.http.routes import RawRoute

Json = dict[str, object]

DOCS_POLICY = "default-src 'self' data: 'unsafe-inline'; frame-ancestors 'none'"
"""The page begins its script in itself; nothing comes from elsewhere, so it works without the internet."""
DOCS_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
"""What the page consists of: files of the package fastapi_offline."""
A_DAY = {"Cache-Control": "public, max-age=86400"}


def platform_routes(health: Health, metrics: CollectorRegistry, *, service: str, version: str) -> list[RawRoute]:
    """Make the routes that answer without a credential, also under overload."""

    async def livez(_request: Request) -> Response:
        return _json({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        readiness = await health.readiness()
        return _json({"status": readiness.status, "checks": readiness.checks}, 200 if readiness.ready else 503)

    async def about(_request: Request) -> Response:
        return _json({"service": service, "version": version})

    async def scrape(_request: Request) -> Response:
        content = await asyncio.to_thread(generate_latest, metrics)
        return Response(content, media_type=CONTENT_TYPE_LATEST)

    ready_schema = _object(
        status={"type": "string"}, checks={"type": "object", "additionalProperties": {"type": "string"}}
    )
    return [
        _probe("/livez", livez, "Whether the process lives", _object(status={"type": "string"})),
        _probe("/healthz", livez, "The same as /livez", _object(status={"type": "string"})),
        _probe("/readyz", readyz, "Whether requests may come, and which part fails", ready_schema, not_ready=True),
        _probe("/version", about, "What runs here", _object(service={"type": "string"}, version={"type": "string"})),
        RawRoute(
            "/metrics",
            "GET",
            _endpoint(scrape),
            _operation("Metrics for Prometheus", {"text/plain": {"schema": {"type": "string"}}}),
            essential=True,
        ),
    ]


def docs_routes(title: str, openapi_url: str) -> list[RawRoute]:
    """Make the page that shows the OpenAPI document, and what it consists of."""
    script, style, icon = (f"/docs/{name}" for name in DOCS_FILES)

    async def docs(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        page = get_swagger_ui_html(
            openapi_url=root + openapi_url,
            title=title,
            swagger_js_url=root + script,
            swagger_css_url=root + style,
            swagger_favicon_url=root + icon,
        )
        page.headers["Content-Security-Policy"] = DOCS_POLICY
        return page

    parts = [RawRoute(f"/docs/{name}", "GET", _endpoint(_file(name, kind))) for name, kind in DOCS_FILES.items()]
    return [RawRoute("/docs", "GET", _endpoint(docs)), *parts]


def _file(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def file(_request: Request) -> Response:
        content = await asyncio.to_thread((files("fastapi_offline") / "static" / name).read_bytes)
        return Response(content, media_type=media_type, headers=A_DAY)

    return file


def _endpoint(respond: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        response = await respond(Request(scope))
        await response(scope, receive, send)

    return endpoint


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status_code=status, media_type="application/json")


def _probe(
    path: str, respond: Callable[[Request], Awaitable[Response]], summary: str, schema: Json, *, not_ready: bool = False
) -> RawRoute:
    content = {"application/json": {"schema": schema}}
    others: Json = {"503": {"description": "Not ready", "content": content}} if not_ready else {}
    return RawRoute(path, "GET", _endpoint(respond), _operation(summary, content, others), essential=True)


def _operation(summary: str, content: Mapping[str, object], others: Mapping[str, object] | None = None) -> Json:
    responses = {"200": {"description": "OK", "content": content}, **(others or {})}
    return {"summary": summary, "tags": ["platform"], "responses": responses}


def _object(**properties: object) -> Json:
    return {"type": "object", "properties": properties, "required": sorted(properties)}
