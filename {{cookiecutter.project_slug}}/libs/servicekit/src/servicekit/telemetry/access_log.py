"""One log line per request."""

import time
from collections.abc import Callable

import msgspec
from msgspec import UNSET, UnsetType

from servicekit.telemetry.writer import LineWriter


class AccessEntry(msgspec.Struct, gc=False):
    """What is logged about a request. Neither query strings nor headers: they may carry secrets."""

    timestamp: str
    method: str
    path: str
    route: str
    status: int
    duration_ms: float
    request_bytes: int
    response_bytes: int
    request_id: str
    client: str | None
    tenant: str | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    trace_id: str | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    """Why the request did not go its normal way: `disconnected`, `aborted`, or the code of a problem at the edge."""
    event: str = "request"
    level: str = "info"
    service: str = ""


AccessLog = Callable[[AccessEntry], None]


def access_log(writer: LineWriter, *, service: str, console: bool) -> AccessLog:
    """Where the edge hands its entries over; one microsecond each."""
    append = writer.append
    encode = msgspec.json.Encoder().encode

    def log_json(entry: AccessEntry) -> None:
        entry.service = service
        append(encode(entry) + b"\n")

    def log_console(entry: AccessEntry) -> None:
        append(console_line(entry))

    return log_console if console else log_json


def console_line(entry: AccessEntry) -> bytes:
    """Return the entry for the eyes of a developer; what the client chose is escaped: no forged lines or colours."""
    path = entry.path.encode("unicode_escape").decode("ascii")
    tenant = "-" if entry.tenant is UNSET else entry.tenant
    outcome = "" if entry.outcome is UNSET else f" {entry.outcome}"
    line = f"{entry.timestamp} {entry.status} {entry.method} {path} {entry.duration_ms} ms tenant={tenant}{outcome}"
    return f"{line} request_id={entry.request_id}\n".encode()


class Clock:
    """Formats times as ISO 8601, formatting the whole seconds only once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def iso(self, at: float) -> str:
        """Return an epoch time in UTC to the millisecond."""
        second = int(at)
        if second != self._second:
            self._second = second
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{int((at - second) * 1000):03d}Z"
