"""`make dev` on a service that does nothing but behave well or badly."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SERVICE = """
import http.server, os, pathlib, signal, sys, time

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(os.environ["LOG__FORMAT"].encode())

match sys.argv[1]:
    case "migrate":
        print("migrating"); sys.exit(pathlib.Path("broken-migration").exists())
    case "serve":
        if pathlib.Path("deaf").exists():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path("pid").write_text(str(os.getpid()))
        http.server.HTTPServer(("127.0.0.1", int(os.environ["HTTP__PORT"])), Ready).serve_forever()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def project(tmp_path: Path, port: int) -> Path:
    (tmp_path / "echo.py").write_text(SERVICE, encoding="utf-8")
    (tmp_path / ".env.example").write_text("AUTH__DEVELOPMENT_KEY=pk_development_change-me-key\n", encoding="utf-8")
    folder = tmp_path / "services/echo"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        f"[tool.dev]\nport = {port}\nprepare = ['migrate']\ncommand = 'serve'\nexample = 'curl {{url}} {{key}}'\n",
        encoding="utf-8",
    )
    return tmp_path


Runner = subprocess.Popen[str]


@pytest.fixture
def dev(project: Path) -> Iterator[Callable[[], Runner]]:
    started: list[Runner] = []

    def start() -> Runner:
        runner = subprocess.Popen(
            [sys.executable, str(ROOT / "scripts/dev.py")],
            cwd=project, env={**os.environ, "PYTHONPATH": str(project)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(runner)
        return runner

    yield start
    for runner in started:
        runner.terminate()
        runner.communicate(timeout=40)


def read_until(runner: Runner, text: str) -> str:
    """Read the output up to the line that holds the text."""
    seen = ""
    for line in runner.stdout or ():
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} was never printed:\n{seen}")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_says_what_runs_where_and_what_to_try(project: Path, port: int, dev: Callable[[], Runner]) -> None:
    output = read_until(dev(), "curl ")
    key = (project / ".env").read_text(encoding="utf-8").strip().partition("=")[2]
    assert "change-me" not in key
    assert f"curl http://127.0.0.1:{port} {key}" in output
    assert f"http://127.0.0.1:{port}/docs" in output
    assert urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").read() == b"console"


def test_a_service_may_name_another_page_than_its_documentation(
    project: Path, port: int, dev: Callable[[], Runner]
) -> None:
    with (project / "services/echo/pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("page = '/'\n")
    output = read_until(dev(), "curl ")
    assert f"http://127.0.0.1:{port}/\n" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_everything_when_asked(project: Path, dev: Callable[[], Runner], number: signal.Signals) -> None:
    runner = dev()
    read_until(runner, "curl ")
    runner.send_signal(number)
    output, _ = runner.communicate(timeout=30)
    assert runner.returncode == 0
    assert "Stopped." in output
    assert not alive(int((project / "pid").read_text()))


def test_a_process_that_does_not_stop_is_killed(project: Path, dev: Callable[[], Runner]) -> None:
    (project / "deaf").touch()
    runner = dev()
    read_until(runner, "curl ")
    runner.send_signal(signal.SIGINT)
    output, _ = runner.communicate(timeout=40)
    assert "echo did not stop within 10 s and is killed" in output
    assert not alive(int((project / "pid").read_text()))


def test_says_which_process_ended_and_why(project: Path, dev: Callable[[], Runner]) -> None:
    runner = dev()
    read_until(runner, "curl ")
    os.kill(int((project / "pid").read_text()), signal.SIGKILL)
    output, _ = runner.communicate(timeout=30)
    assert runner.returncode == 1
    assert "echo was killed by SIGKILL" in output


def test_a_failed_preparation_starts_nothing(project: Path, dev: Callable[[], Runner]) -> None:
    (project / "broken-migration").touch()
    runner = dev()
    output, _ = runner.communicate(timeout=30)
    assert runner.returncode == 1
    assert "echo: migrate failed (exit code 1)" in output
    assert not (project / "pid").exists()


def test_refuses_to_run_twice(dev: Callable[[], Runner]) -> None:
    first = dev()
    read_until(first, "curl ")
    output, _ = dev().communicate(timeout=30)
    assert output == f"`make dev` runs already (process {first.pid}): stop that one first.\n"
    assert first.poll() is None


def test_names_the_holder_of_a_taken_port(port: int, dev: Callable[[], Runner]) -> None:
    with socket.create_server(("127.0.0.1", port)):
        output, _ = dev().communicate(timeout=30)
    assert f"Port {port} of echo is taken by process {os.getpid()} " in output
    assert "make dev ECHO_PORT=" in output


def test_keeps_the_settings_that_are_there(project: Path, dev: Callable[[], Runner]) -> None:
    (project / ".env").write_text("AUTH__DEVELOPMENT_KEY=mine\nLOG__FORMAT=json\n", encoding="utf-8")
    started = time.monotonic()
    output = read_until(dev(), "curl ")
    assert "curl" in output
    assert " mine" in output
    assert time.monotonic() - started < 30
