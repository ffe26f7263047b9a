"""The process: it says when it is ready, guards its pages, and ends when asked."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "ui", "serve"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "HTTP__PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def get(port: int, path: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode()
    finally:
        connection.close()


def wait_until_ready(port: int, process: subprocess.Popen[str]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert process.poll() is None, process.stdout and process.stdout.read()
        try:
            if get(port, "/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("never ready")


def test_serves_pages_that_load_nothing_from_elsewhere_and_ends_when_asked(
    server: subprocess.Popen[str], port: int
) -> None:
    wait_until_ready(port, server)
    status, headers, page = get(port, "/")
    assert status == 200
    assert "<html" in page
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http:" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert get(port, "/version")[2].startswith('{"service":"ui"')
    assert get(port, "/livez")[0] == 200
    server.send_signal(signal.SIGTERM)
    assert server.wait(15) in (0, -signal.SIGTERM)


def test_a_setting_that_is_refused_stops_the_start_with_one_line(port: int) -> None:
    environment = {**os.environ, "HTTP__PORT": str(port), "UI__POLL_SECONDS": "0"}
    done = subprocess.run([sys.executable, "-m", "ui", "serve"], env=environment, capture_output=True, text=True)
    assert done.returncode == 78
    assert done.stderr == "Settings refused: UI__POLL_SECONDS: Input should be greater than 0\n"


def test_a_taken_port_is_named(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        environment = {**os.environ, "HTTP__PORT": str(port)}
        done = subprocess.run([sys.executable, "-m", "ui", "serve"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Port {port} is not available" in done.stdout + done.stderr
