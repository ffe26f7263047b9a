"""One request and its answer, from arrival to the access log.

Read `run` first: it names the steps in order.
"""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, cast

import structlog
from msgspec import UNSET
from opentelemetry import context as otel_context
from opentelemetry import trace
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from servicekit.context import RequestContext
from servicekit.database.errors import UNREACHABLE, DatabaseUnavailable
from servicekit.http.refusals import (
    BodyTooLarge,
    DeadlineExceeded,
    HeadTooLarge,
    InternalError,
    InvalidLength,
    NullCharacter,
    Overloaded,
    ShuttingDown,
)
from servicekit.problems import Problem, problem_headers, render
from servicekit.telemetry.access_log import AccessEntry
from servicekit.telemetry.errors import report_error

if TYPE_CHECKING:
    from servicekit.http.edge import Edge

CLIENT_CLOSED = 499
"""Logged and counted when the client went away before there was an answer (nginx's convention)."""

DISCONNECTED = "disconnected"
LONGEST_LENGTH = 18
"""Digits of a Content-Length; Python refuses to read thousands of them."""

logger = structlog.get_logger(__name__)


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "_answer_ended",
        "_arrived",
        "_context",
        "_edge",
        "_error",
        "_expired",
        "_method",
        "_outcome",
        "_receive",
        "_received_bytes",
        "_refusal",
        "_scope",
        "_send",
        "_sent_bytes",
        "_span",
        "_status",
        "_task",
        "_timer",
    )

    def __init__(self, edge: "Edge", context: RequestContext, scope: Scope, receive: Receive, send: Send) -> None:
        self._edge = edge
        self._context = context
        self._method: str = scope["method"]
        # A HEAD is answered like a GET, without the body.
        self._scope = {**scope, "method": "GET"} if self._method == "HEAD" else scope
        self._receive = receive
        self._send = send
        self._arrived = time.perf_counter()
        self._answer_ended = 0.0
        self._received_bytes = 0
        self._sent_bytes = 0
        self._status = 0
        self._expired = False
        self._refusal: Problem | None = None
        self._error: Exception | None = None
        self._outcome: str | None = None
        self._span: trace.Span | None = None
        self._task: asyncio.Task[object] = cast("asyncio.Task[object]", asyncio.current_task())
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Trace, admit, answer, finish."""
        span = self._span = self._edge.spans.open(self._method, self._scope["path"], self._context)
        token = otel_context.attach(trace.set_span_in_context(span)) if span is not None else None
        try:
            refusal = self._admission_refusal()
            if refusal is None:
                await self._answer()
            else:
                await self._refuse(refusal)
        finally:
            self._finish()
            if token is not None:
                otel_context.detach(token)

    # Admission

    def _admission_refusal(self) -> Problem | None:
        """Why the request is not let through, judged by its head and the present load."""
        edge, scope = self._edge, self._scope
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return NullCharacter()
        head_bytes = len(scope["query_string"]) + len(scope["path"])
        for name, value in scope["headers"]:
            head_bytes += len(name) + len(value)
        if head_bytes > edge.limits.header_bytes:
            return HeadTooLarge(edge.limits.header_bytes)
        length = self._context.headers.get(b"content-length")
        if length is not None:
            if not length.isdigit() or len(length) > LONGEST_LENGTH:
                return InvalidLength()
            if int(length) > edge.limits.body_bytes and int(length) > self._body_limit():
                return BodyTooLarge(self._body_limit())
        if edge.in_progress > edge.limits.concurrency and not edge.routes.is_essential(scope["path"]):
            return Overloaded()
        return None

    def _body_limit(self) -> int:
        """The limit of this route; looked up only for bodies over the default."""
        return self._edge.routes.body_limit(self._method, self._scope["path"]) or self._edge.limits.body_bytes

    # The answer

    async def _answer(self) -> None:
        self._set_deadline()
        try:
            await self._edge.app(self._scope, self._take, self._give)
            if not self._status and self._outcome is None:
                await self._refuse(self._refusal or InternalError())
        except Problem as problem:
            await self._refuse(self._refusal or problem)
        except ClientDisconnect:
            self._outcome = DISCONNECTED
        except asyncio.CancelledError:
            await self._refuse(self._refusal or ShuttingDown())
            if not self._expired:
                raise
            self._task.uncancel()
        except UNREACHABLE as error:  # from a raw route: FastAPI's have a handler of their own
            logger.warning("database_unavailable", reason=f"{type(error).__name__}: {error}")
            await self._refuse(DatabaseUnavailable())
        except Exception as error:
            await self._failed(error)
        finally:
            self._clear_deadline()

    async def _failed(self, error: Exception) -> None:
        if self._refusal is not None:  # what the application makes of an error or cancellation that came from here
            await self._refuse(self._refusal)
            return
        self._error = error
        logger.error("request.failed", exc_info=error, path=self._scope["path"], method=self._method)
        report_error(error)
        await self._refuse(InternalError())

    async def _refuse(self, problem: Problem) -> None:
        """Answer with a problem, unless an answer has started: that one then ends short, and the connection breaks."""
        if self._status:
            return
        body = render(problem, self._scope["path"])
        self._outcome = problem.code
        if problem.status in (413, 431, 503):
            self._edge.metrics.rejected(problem.code)
        await self._start(
            {"type": "http.response.start", "status": problem.status, "headers": problem_headers(problem, body)}
        )
        await self._body({"type": "http.response.body", "body": body})

    # What the application sees as `receive` and `send`

    async def _take(self) -> Message:
        message = await self._receive()
        if message["type"] != "http.request":
            if not self._answer_ended:
                self._outcome = DISCONNECTED
            return message
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > self._edge.limits.body_bytes and self._received_bytes > self._body_limit():
            self._refusal = BodyTooLarge(self._body_limit())
            raise self._refusal
        if message.get("more_body") and not self._status:
            self._set_deadline()  # the clock stands still for as long as the body keeps arriving
        return message

    async def _give(self, message: Message) -> None:
        if self._outcome == DISCONNECTED:
            return  # nobody listens
        if self._refusal is not None:
            # Frameworks turn an error from `receive` into an answer of their own; ours is the true one.
            await self._refuse(self._refusal)
        elif message["type"] == "http.response.start":
            await self._start(message)
        else:
            await self._body(message)

    async def _start(self, message: Message) -> None:
        self._clear_deadline()  # it is for the start of an answer: streams may take their time
        self._status = message["status"]
        headers = list(message["headers"])
        present = {name for name, _ in headers}
        headers += [header for header in self._edge.headers if header[0] not in present]
        headers += self._context.rate_limit_headers
        headers.append((b"x-request-id", self._context.request_id.encode()))
        await self._send({**message, "headers": headers})

    async def _body(self, message: Message) -> None:
        if self._method == "HEAD" and message.get("body"):
            message = {**message, "body": b""}
        self._sent_bytes += len(message.get("body", b""))
        if not message.get("more_body"):
            self._answer_ended = time.perf_counter()
        await self._send(message)

    # The deadline

    def _set_deadline(self) -> None:
        self._clear_deadline()
        self._timer = asyncio.get_running_loop().call_later(self._edge.limits.seconds, self._expire)

    def _clear_deadline(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self, *, may_last: bool = True) -> None:
        if self._status:
            return
        usual = self._edge.limits.seconds
        own = self._edge.routes.deadline(self._method, self._scope["path"]) or usual  # hardly ever asked for
        if may_last and own > usual:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(own - usual, partial(self._expire, may_last=False))
            return
        self._expired = True
        self._refusal = DeadlineExceeded(own)
        self._task.cancel()

    # The end

    def _finish(self) -> None:
        edge, context = self._edge, self._context
        seconds = (self._answer_ended or time.perf_counter()) - self._arrived
        status = self._status or CLIENT_CLOSED
        route = edge.routes.template(self._scope)
        edge.metrics.answered(self._method, route, status, seconds)
        if self._span is not None:
            edge.spans.close(self._span, self._method, route, status, self._error)
        if status < 400 and edge.routes.is_essential(route):
            return  # probes come every few seconds and say nothing
        principal = context.principal
        edge.access_log(
            AccessEntry(
                timestamp=edge.clock.iso(time.time() - seconds),
                method=self._method,
                path=self._scope["path"],
                route=route,
                status=status,
                duration_ms=round(seconds * 1000, 3),
                request_bytes=self._received_bytes,
                response_bytes=self._sent_bytes,
                request_id=context.request_id,
                client=self._scope["client"][0] if self._scope.get("client") else None,
                tenant=principal.tenant if principal else UNSET,
                subject=principal.subject if principal else UNSET,
                trace_id=context.trace_id or UNSET,
                outcome=self._outcome or (UNSET if self._answer_ended else "aborted"),
            )
        )
