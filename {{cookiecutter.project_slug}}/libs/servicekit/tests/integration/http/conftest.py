"""Processes of the sample service, and sinks that collect what they send."""

import gzip
import importlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

HERE = Path(__file__).parent
KEY = "dev-key-of-the-sample"
START_SECONDS = 90
"""A start takes three seconds of computing, on a busy machine much more."""


class Server:
    """One process of the sample service."""

    def __init__(self, folder: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._stdout, self._stderr = folder / "stdout", folder / "stderr"
        variables = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPYCACHEPREFIX")},
            "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)]),
            "DATA_DIR": str(folder / "data"),
            "HTTP__PORT": str(self.port),
            "HTTP__DRAIN_SECONDS": "0",
            "AUTH__DEVELOPMENT_KEY": KEY,
        }
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "sample_app.py")],
                cwd=folder,
                env=variables | environment,
                stdout=stdout,
                stderr=stderr,
            )
        self.client = httpx2.Client(base_url=self.url, timeout=20, trust_env=False)

    @property
    def output(self) -> str:
        return self._stdout.read_text() + self._stderr.read_text()

    def wait_until_ready(self) -> "Server":
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(self.output)
            try:
                if self.client.get("/readyz").status_code == 200:
                    return self
            except httpx2.TransportError:
                time.sleep(0.1)
        raise RuntimeError(self.output)

    def stop(self) -> int:
        """Ask the process to end and wait for it; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            self.client.close()


def decode(body: bytes, encoding: str | None) -> bytes:
    """Undo what a client has done to its request body."""
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "br":  # then the client found this module, and so do we
        return bytes(importlib.import_module("brotli").decompress(body))
    assert encoding is None
    return body


class Sink:
    """Takes everything that is posted to it."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, bytes]] = []
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.append((self.path, decode(body, self.headers.get("Content-Encoding"))))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Start processes of the sample service with these variables; they end with the test module."""
    servers: list[Server] = []

    def start(*, wait: bool = True, **environment: str) -> Server:
        servers.append(Server(tmp_path_factory.mktemp("server"), **environment))
        return servers[-1].wait_until_ready() if wait else servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()
