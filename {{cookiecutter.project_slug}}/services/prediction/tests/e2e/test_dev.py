"""`make dev` from nothing: the command it prints works, and killing the service loses no acknowledged prediction."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[4]
Runner = subprocess.Popen[str]
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / ".env.example", tmp_path)
    (tmp_path / "services/prediction").mkdir(parents=True)
    shutil.copy(ROOT / "services/prediction/pyproject.toml", tmp_path / "services/prediction")
    return tmp_path


@pytest.fixture
def dev(project: Path) -> Iterator[Callable[[], Runner]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    started: list[Runner] = []

    def start() -> Runner:
        environment = {**os.environ, "PREDICTION_PORT": port, "ENVIRONMENT": "development"}
        command = [sys.executable, "scripts/dev.py"]
        runner = subprocess.Popen(
            command, cwd=project, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        started.append(runner)
        return runner

    yield start
    for runner in started:
        runner.terminate()
        runner.communicate(timeout=30)


def command_to_try(runner: Runner) -> str:
    """Wait until everything runs, and return the command that was printed."""
    seen, command = "", ""
    for line in runner.stdout or ():
        seen += line
        if line.startswith("curl ") or command:
            command += line
            if not line.endswith("\\\n"):
                threading.Thread(target=runner.stdout.read if runner.stdout else None, daemon=True).start()
                return command
    raise AssertionError(f"never ready:\n{seen}")


def children(runner: Runner) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(runner.pid)], capture_output=True, text=True)
    return [int(pid) for pid in listed.stdout.split()]


def stored_ids(project: Path) -> set[str]:
    with sqlite3.connect(project / "var/prediction.db") as database:
        return {row[0] for row in database.execute("select id from predictions")}


class Load(threading.Thread):
    """Asks for predictions until the service is gone, and remembers what was acknowledged."""

    def __init__(self, command: str) -> None:
        super().__init__(daemon=True)
        self.url = re.findall(r"http://\S+", command)[0]
        self.key = re.findall(r"X-API-Key: ([^']+)", command)[0]
        self.body = re.findall(r"-d '(.+)'", command)[0]
        self.ids: set[str] = set()

    def run(self) -> None:
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        with httpx2.Client(headers=headers) as client:
            while True:
                try:
                    answer = client.post(self.url, content=self.body)
                except httpx2.TransportError:
                    return
                self.ids.update(row["id"] for row in answer.raise_for_status().json()["predictions"])


def test_runs_from_nothing_and_loses_no_acknowledged_prediction_when_killed(
    project: Path, dev: Callable[[], Runner]
) -> None:
    first = dev()
    command = command_to_try(first)
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
    acknowledged = {row["id"] for row in json.loads(answer)["predictions"]}
    assert len(acknowledged) == 1

    load = Load(command)
    load.start()
    while len(load.ids) < 200:
        assert load.is_alive()
        time.sleep(0.05)
    (service,) = children(first)
    os.kill(service, signal.SIGKILL)
    load.join(timeout=10)
    assert first.wait(timeout=20) == 1
    acknowledged |= load.ids

    second = dev()
    command_to_try(second)
    deadline = time.monotonic() + 20
    while acknowledged - stored_ids(project) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert acknowledged - stored_ids(project) == set()

    (service,) = children(second)
    second.send_signal(signal.SIGINT)
    assert second.wait(timeout=15) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(service, 0)
