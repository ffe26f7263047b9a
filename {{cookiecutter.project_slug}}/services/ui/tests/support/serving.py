"""The pages, and services that they show, served in processes of their own for a browser."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chromium import PATIENCE


@contextmanager
def serving(service: str = "ui", folder: Path | None = None, **environment: str) -> Iterator[str]:
    """Serve with the settings of this process and those, in a folder if one is given; give the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {**os.environ, "HTTP__PORT": str(port), "UI__POLL_SECONDS": "0.3", **environment}
    command = [sys.executable, "-m", service, "serve"]
    process = subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)  # also with a page open


def _wait_until_ready(url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ends = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < ends:
        try:
            with opener.open(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} was never ready")
