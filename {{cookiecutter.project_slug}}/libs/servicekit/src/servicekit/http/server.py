"""Runs an application under uvicorn with the settings that the edge counts on."""

import asyncio
import gc
import signal
import socket

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from servicekit.http.writes import JoinedWrites
from servicekit.settings import HttpSettings, ServiceSettings

YOUNG_OBJECTS = 10_000
"""New objects that are let live before garbage is looked for; Python's own number means several times per request."""
HEAD_SLACK = 4096
"""A head that is a little too large reaches the edge, which explains the refusal; a much larger one is cut off here."""


def serve(app_path: str, settings: ServiceSettings) -> None:
    """Serve the application made by the factory at `app_path` (`package.module:function`) until told to stop."""
    server = _Server(server_config(app_path, settings.http))
    # uvicorn raises the signal again once it has stopped: let the process end normally then, with its last log lines.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    server.run()
    if not server.started:
        raise SystemExit(3)


class _Server(uvicorn.Server):
    """Uvicorn's server, which does not look for garbage in what lives as long as itself."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then set aside everything that is alive."""
        await super().startup(sockets=sockets)
        set_living_objects_aside()


def set_living_objects_aside() -> None:
    """Spare the garbage collector what stays alive anyway: a full collection of it takes 0.1 to 0.3 seconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


def server_config(app_path: str, http: HttpSettings) -> uvicorn.Config:
    """The configuration of uvicorn: its fast parts, our logs, no needless header."""
    return uvicorn.Config(
        app_path,
        factory=True,
        host=http.host,
        port=http.port,
        loop="uvloop",
        http=bounded_protocol(http.max_header_bytes + HEAD_SLACK),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=http.forwarded_allow_ips,
        timeout_graceful_shutdown=http.shutdown_seconds,
    )


def bounded_protocol(max_head_bytes: int) -> type[HttpToolsProtocol]:
    """Uvicorn's fast HTTP protocol with joined writes and a bound on the bytes of a head, which it would not have."""

    class BoundedProtocol(HttpToolsProtocol):
        _head_bytes = 0
        _in_head = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own type
            super().connection_made(JoinedWrites(transport, self.loop.call_soon))  # type: ignore[arg-type]  # stands for one

        def data_received(self, data: bytes) -> None:
            if self._in_head:
                self._head_bytes += len(data)
            super().data_received(data)
            if self._in_head and self._head_bytes > max_head_bytes and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

        def on_headers_complete(self) -> None:
            self._in_head = False
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._in_head = True
            self._head_bytes = 0
            super().on_message_complete()

    return BoundedProtocol


_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\n"
    b"content-length: 111\r\nconnection: close\r\n\r\n"
    b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431,"code":"header_fields_too_large"} '
)
