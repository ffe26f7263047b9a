"""The project's own Compose file, run as a user would run it: `make up`, once for all tests of a session.

Every service's stack tests share it and leave it whole. Whoever stops a part starts it again.
"""

import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

JUNK = shutil.ignore_patterns(".git", ".venv", ".cache", ".env", "var", "__pycache__", "*.egg-info")
PATIENCE = 300.0
"""Seconds for anything that must happen by itself."""
PORT = re.compile(r"\$\{([A-Z]+_PORT):-\d+\}")
T = TypeVar("T")


@dataclass(frozen=True)
class Stack:
    """A running project in containers."""

    folder: Path
    name: str
    announced: str
    """What `make up` printed."""

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run docker compose and return what it printed."""
        return run("docker", "compose", "--project-name", self.name, *arguments, cwd=self.folder, check=check)

    def up(self, *services: str) -> None:
        """Start services (all by default) and wait until they are healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "600", *services)

    def containers(self, *services: str) -> list[str]:
        """Return the ids of containers, running or not."""
        return self.compose("ps", "--all", "--quiet", *services).split()

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        """Run a command in a service's container."""
        return self.compose("exec", "-T", service, *command, check=check)

    def kill_inside(self, service: str) -> None:
        """Kill every process of a container at once, as a machine without memory would."""
        self.inside(service, "sh", "-c", "kill -9 -1", check=False)

    def sql(self, database: str, query: str) -> str:
        """Ask a service's database."""
        return self.inside("postgres", "psql", "-U", "postgres", "-d", database, "-Atc", query).strip()

    def secrets(self) -> dict[str, str]:
        """Return the variables of the project's `.env`."""
        lines = (self.folder / ".env").read_text(encoding="utf-8").splitlines()
        pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}

    def client(self, service: str) -> httpx2.Client:
        """Return a client of a service with the development key."""
        address = self.compose("port", service, "8000").strip()
        headers = {"X-API-Key": self.secrets()["AUTH__DEVELOPMENT_KEY"]}
        return httpx2.Client(base_url=f"http://{address}", headers=headers, timeout=60)


def run(*command: str, cwd: Path | None = None, check: bool = True) -> str:
    """Run a program; show what it said when it fails."""
    done = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)  # noqa: S603 - the tests' own commands
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def eventually(probe: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Return the first result that is not None or False; errors of the connection are waited out."""
    deadline = time.monotonic() + seconds
    problem: object = "never true"
    while time.monotonic() < deadline:
        try:
            result = probe()
        except (httpx2.TransportError, AssertionError) as error:
            problem = error
        else:
            if result:
                return result
        time.sleep(0.25)
    raise AssertionError(f"not within {seconds} s: {problem}")


def readiness(api: httpx2.Client) -> tuple[int, str]:
    """Return status and text of /readyz."""
    answer = api.get("/readyz")
    return answer.status_code, answer.text


def finished(api: httpx2.Client, job_id: str) -> dict[str, object]:
    """Wait until a job has ended, and return it as the API shows it."""

    def ended() -> dict[str, object] | None:
        job = look_at(api, job_id)
        return job if job["finished_at"] else None

    return eventually(ended)


def look_at(api: httpx2.Client, job_id: str) -> dict[str, object]:
    """Return a job as the API shows it."""
    answer = api.get(f"/v1/jobs/{job_id}")
    if answer.status_code != httpx2.codes.OK:
        raise AssertionError(answer.text)
    job: dict[str, object] = answer.json()
    return job


def image_size(image: str) -> int:
    """Return the bytes of a local image."""
    return int(run("docker", "image", "inspect", "-f", "{{.Size}}", image))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Stack]:
    """The whole project in containers; skips where there is no Docker engine."""
    if subprocess.run("docker info && docker compose version", shell=True, capture_output=True, check=False).returncode:  # noqa: S602, S607 - a fixed command
        pytest.skip("needs a Docker engine with Compose v2")
    folder = tmp_path_factory.mktemp("stack") / "project"
    shutil.copytree(pytestconfig.rootpath, folder, ignore=JUNK)
    run(sys.executable, "scripts/dotenv.py", cwd=folder)
    with (folder / ".env").open("a", encoding="utf-8") as env:
        env.writelines(f"\n{name}={_free_port()}" for name in sorted(_ports(folder)))
        # What is lost is found within seconds instead of a minute.
        env.write("\nJOBS__LEASE_SECONDS=4\nJOBS__SWEEP_SECONDS=1\nHTTP__DRAIN_SECONDS=2\n")
    name = f"stack-{uuid.uuid4().hex[:8]}"
    compose = ("docker", "compose", "--project-name", name)
    try:
        options = (f"COMPOSE={' '.join(compose)}", f"VENV={sys.prefix}")
        yield Stack(folder, name, run("make", "--no-print-directory", "up", *options, cwd=folder))
    except AssertionError:
        sys.stderr.write(run(*compose, "logs", "--tail", "30", cwd=folder, check=False))
        raise
    finally:
        run(*compose, "--profile", "*", "down", "--volumes", "--timeout", "5", cwd=folder, check=False)
        images = run("docker", "image", "ls", "--quiet", "--filter", f"reference={name}-*", check=False).split()
        run("docker", "image", "rm", *images, check=False)


def _ports(folder: Path) -> set[str]:
    files = [*folder.glob("infra/compose/*.yaml"), *folder.glob("services/*/compose.yaml")]
    return {name for path in files for name in PORT.findall(path.read_text(encoding="utf-8"))}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
