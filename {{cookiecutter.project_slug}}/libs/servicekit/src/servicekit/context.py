"""What is known about the request in work, for logs, errors and whoever needs to name it."""

from contextvars import ContextVar, Token

from servicekit.auth.principal import Principal

SCOPE_KEY = "servicekit.context"


class RequestContext:
    """One request's identity. The edge makes it, the guard adds the principal, the edge reads it for the access log."""

    __slots__ = ("headers", "principal", "rate_limit_headers", "request_id", "span_id", "trace_flags", "trace_id")

    def __init__(self, request_id: str, headers: dict[bytes, bytes]) -> None:
        self.request_id = request_id
        self.headers = headers
        """The request's headers by lower-case name; of a repeated one the first."""
        self.trace_id: str | None = None
        self.span_id: str | None = None
        self.trace_flags = "00"
        self.principal: Principal | None = None
        self.rate_limit_headers: tuple[tuple[bytes, bytes], ...] = ()

    def part(self, number: int) -> "RequestContext":
        """Return a context for one of several questions on one connection; its id is `id.1`, `id.2` and so on."""
        made = RequestContext(f"{self.request_id}.{number}", self.headers)
        made.trace_id, made.span_id, made.trace_flags = self.trace_id, self.span_id, self.trace_flags
        return made


_current: ContextVar[RequestContext | None] = ContextVar("servicekit_request", default=None)


def current_request() -> RequestContext | None:
    """The context of the request that this task works for, if any."""
    return _current.get()


def enter_request(context: RequestContext) -> Token[RequestContext | None]:
    """Make a context current for this task and those it starts."""
    return _current.set(context)


def leave_request(token: Token[RequestContext | None]) -> None:
    """Undo `enter_request`."""
    _current.reset(token)
