"""The edge: what happens to every request before and after the application.

One class with small steps instead of a tower of middlewares, because each layer costs several microseconds a request
and the order of the steps matters. `Exchange` is one request's way through it.
"""

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.context import SCOPE_KEY, RequestContext, enter_request, leave_request
from servicekit.http.exchange import Exchange
from servicekit.http.identity import request_id
from servicekit.http.routes import RouteTable
from servicekit.telemetry.access_log import AccessLog, Clock
from servicekit.telemetry.metrics import HttpMetrics
from servicekit.telemetry.tracing import ServerSpans

TRY_AGAIN_LATER = 1013
"""Close code of websockets."""


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """What a request may cost."""

    body_bytes: int
    header_bytes: int
    seconds: float
    concurrency: int


class Edge:
    """Wraps the application; holds what its exchanges share."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: RouteTable,
        limits: EdgeLimits,
        headers: list[tuple[bytes, bytes]],
        metrics: HttpMetrics,
        spans: ServerSpans,
        access_log: AccessLog,
    ) -> None:
        self.app = app
        self.routes = routes
        self.limits = limits
        self.headers = headers
        """Response headers that every answer gets, unless the application has set them."""
        self.metrics = metrics
        self.spans = spans
        self.access_log = access_log
        self.clock = Clock()
        self.in_progress = 0
        metrics.watch_in_progress(lambda: self.in_progress)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or websocket."""
        headers = dict(reversed(scope["headers"]))  # of a repeated one the first counts, as in Starlette
        context = scope[SCOPE_KEY] = RequestContext(request_id(headers), headers)
        token = enter_request(context)
        self.in_progress += 1
        try:
            if scope["type"] == "http":
                await Exchange(self, context, scope, receive, send).run()
            else:
                await self._websocket(scope, receive, send)
        finally:
            self.in_progress -= 1
            leave_request(token)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a websocket on, if there is room for one more."""
        if self.in_progress > self.limits.concurrency:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
        else:
            await self.app(scope, receive, send)
