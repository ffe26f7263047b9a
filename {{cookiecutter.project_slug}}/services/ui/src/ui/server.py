"""The web server: Streamlit's own, with the routes that every service has and headers that keep a page to itself."""

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit.starlette import App

from ui import __version__
from ui.settings import InterfaceSettings

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

SCRIPT = Path(__file__).parent / "main.py"
# Everything comes from this server. An answer that holds a picture's address elsewhere therefore fetches nothing.
# Streamlit's own scripts need inline styles and, for charts, `eval`.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


class SecurityHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's head."""

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        await self._app(scope, receive, complete if scope["type"] == "http" else send)


async def ready(_request: Request) -> Response:
    """Answer that pages can be served. The services behind them may be away: the pages say so themselves."""
    return JSONResponse({"status": "ready", "checks": {}})


async def alive(_request: Request) -> Response:
    """Answer that the process lives."""
    return JSONResponse({"status": "alive"})


async def what_runs(_request: Request) -> Response:
    """Name the service and its version."""
    return JSONResponse({"service": "ui", "version": __version__})


ROUTES = (
    Route("/readyz", ready),
    Route("/livez", alive),
    Route("/healthz", alive),
    Route("/version", what_runs),
)


def build_app() -> App:
    """Return the application."""
    return App(SCRIPT, routes=ROUTES, middleware=[Middleware(SecurityHeaders)])


def serve(settings: InterfaceSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    build_app().run(config={"server.address": settings.http.host, "server.port": settings.http.port})
