"""The real stack: PostgreSQL, Redis, MLflow, two kinds of workers, and what happens when parts of it die.

The tests run in this order on one stack; each leaves it whole.
"""

import csv
import io
import json
import random
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

ROOT = Path(__file__).resolve().parents[4]
PROBES = Path(__file__).parent / "probes"
JUNK = shutil.ignore_patterns(".git", ".venv", ".cache", ".env", "var", "__pycache__", "*.egg-info")
PATIENCE = 300.0  # seconds for anything that must happen by itself
ADDED_BYTES = 800 * 1024 * 1024  # what the image may add to its base
ROW = {"age": 41.0, "income": 3200.0, "city": "Lyon"}
T = TypeVar("T")


@dataclass(frozen=True)
class Stack:
    """The project's own Compose file, run as a user would run it."""

    folder: Path
    name: str
    api: httpx2.Client
    announced: str  # what `make up` printed

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

    def probe(self, name: str, service: str, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON the probe prints
        """Run one of the programs in `probes/` in a service's container."""
        return json.loads(self.inside(service, "python", "-c", probe(name), *arguments))

    def kill_inside(self, service: str) -> None:
        """Kill every process of a container at once, as a machine without memory would."""
        self.inside(service, "sh", "-c", "kill -9 -1", check=False)

    def sql(self, query: str) -> str:
        """Ask the service's database."""
        return self.inside("postgres", "psql", "-U", "postgres", "-d", "prediction", "-Atc", query).strip()

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job as the API shows it."""
        answer = self.api.get(f"/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def finished(self, job_id: str) -> dict[str, Any]:
        """Wait until a job has ended."""
        ended = {"succeeded", "failed", "dead_letter", "cancelled"}
        return eventually(lambda: job if (job := self.job(job_id))["state"] in ended else None)


def run(*command: str, cwd: Path | None = None, check: bool = True) -> str:
    """Run a program; show what it said when it fails."""
    done = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0 or not check, f"{' '.join(command)}\n{done.stdout}"
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


def probe(name: str) -> str:
    return (PROBES / f"{name}.py").read_text(encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if subprocess.run("docker info && docker compose version", shell=True, capture_output=True).returncode:
        pytest.skip("needs a Docker engine with Compose v2")
    folder = tmp_path_factory.mktemp("stack") / "project"
    shutil.copytree(ROOT, folder, ignore=JUNK)
    run(sys.executable, "scripts/dotenv.py", cwd=folder)
    port, name = free_port(), f"stack-{uuid.uuid4().hex[:8]}"
    with (folder / ".env").open("a", encoding="utf-8") as env:
        env.write(f"\nPREDICTION_PORT={port}\nMLFLOW_PORT={free_port()}\n")
        # What is lost is found within seconds instead of a minute.
        env.write("JOBS__LEASE_SECONDS=4\nJOBS__SWEEP_SECONDS=1\nHTTP__DRAIN_SECONDS=2\n")
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    key = next(line.partition("=")[2] for line in lines if line.startswith("AUTH__DEVELOPMENT_KEY="))
    compose = f"docker compose --project-name {name}"
    client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": key}, timeout=30)
    try:
        announced = run("make", "--no-print-directory", "up", f"COMPOSE={compose}", f"VENV={sys.prefix}", cwd=folder)
        yield Stack(folder, name, client, announced)
    except AssertionError:
        sys.stderr.write(run(*compose.split(), "logs", "--tail", "30", cwd=folder, check=False))
        raise
    finally:
        client.close()
        run(*compose.split(), "--profile", "*", "down", "--volumes", "--timeout", "5", cwd=folder, check=False)
        run("docker", "image", "rm", f"{name}-prediction", f"{name}-mlflow", check=False)


def people(rows: int, seed: int = 1) -> bytes:
    """Make a table in which income and city decide, with some noise and some gaps."""
    chance = random.Random(seed)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["age", "income", "city", "buys"])
    for _ in range(rows):
        age, income, city = chance.uniform(18, 90), chance.gauss(3000, 800), chance.choice(["Lyon", "Oslo", "Bari"])
        buys = income + 700 * (city == "Oslo") + chance.gauss(0, 300) > 3200
        writer.writerow(
            [round(age, 1), round(income, 2) if chance.random() > 0.02 else "", city, "yes" if buys else "no"]
        )
    return text.getvalue().encode()


def train(stack: Stack, model: str, rows: int, seed: int = 1) -> str:
    """Upload a table, ask for a training, and return the job's id."""
    uploaded = stack.api.post("/v1/datasets", files={"file": ("people.csv", people(rows, seed), "text/csv")})
    assert uploaded.status_code == 201, uploaded.text
    body = {"dataset": uploaded.json()["id"], "target": "buys"}
    accepted = stack.api.post(f"/v1/models/{model}/trainings", json=body)
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["id"])


def predict(stack: Stack, count: int = 1) -> list[str]:
    """Ask for one prediction after the other, and return the ids that were acknowledged."""
    ids = []
    for _ in range(count):
        answer = stack.api.post("/v1/models/people/predict", json={"rows": [ROW]})
        assert answer.status_code == 200, answer.text
        ids.append(answer.json()["predictions"][0]["id"])
    return ids


def stored(stack: Stack, ids: list[str]) -> bool:
    listed = ",".join(f"'{name}'" for name in ids)
    return int(stack.sql(f"select count(*) from predictions where id in ({listed})")) == len(set(ids))


def readiness(stack: Stack) -> tuple[int, str]:
    answer = stack.api.get("/readyz")
    return answer.status_code, answer.text


def test_make_up_prints_a_command_that_works(stack: Stack) -> None:
    command = stack.announced[stack.announced.index("curl ") :]
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
    assert json.loads(answer)["model"] == "iris"


def test_the_image_has_no_more_than_it_needs(stack: Stack) -> None:
    def size(image: str) -> int:
        inspected = subprocess.run(
            ["docker", "image", "inspect", "-f", "{{.Size}}", image], capture_output=True, text=True
        )
        return int(inspected.stdout)

    dockerfile = (stack.folder / "services/prediction/Dockerfile").read_text(encoding="utf-8")
    base = next(line.split()[1] for line in dockerfile.splitlines() if line.startswith("FROM python:"))
    assert size(f"{stack.name}-prediction") - size(base) < ADDED_BYTES


@pytest.mark.parametrize("service", ["prediction", "prediction-worker", "prediction-beat"])
def test_a_container_can_do_no_more_than_it_needs(stack: Stack, service: str) -> None:
    assert stack.probe("restrictions", service) == {
        "uid": 10001,
        "tools": [],
        "modules": [],
        "writable": False,
        "capabilities": 0,
    }


@pytest.mark.parametrize("service", ["prediction", "prediction-worker", "prediction-beat"])
def test_a_container_knows_no_password_of_others(stack: Stack, service: str) -> None:
    lines = (stack.folder / ".env").read_text(encoding="utf-8").splitlines()
    secrets = {name: value for name, _, value in (line.partition("=") for line in lines) if "PASSWORD" in name}
    known = stack.inside(service, "env")
    assert {name for name, value in secrets.items() if value and value in known} == {"PREDICTION_DATABASE_PASSWORD"}


def test_a_table_becomes_a_model_that_answers(stack: Stack) -> None:
    job = stack.finished(train(stack, "people", 600))
    assert job["state"] == "succeeded", job
    assert job["result"]["champion"] is True
    eventually(lambda: stack.api.post("/v1/models/people/predict", json={"rows": [ROW]}).status_code == 200)
    assert stored_soon(stack, predict(stack, 5))


def stored_soon(stack: Stack, ids: list[str]) -> bool:
    return bool(eventually(lambda: stored(stack, ids)))


def test_a_training_whose_worker_is_killed_is_finished_once(stack: Stack) -> None:
    job_id = train(stack, "survivor", 8000)
    eventually(lambda: (stack.job(job_id)["progress"] or {}).get("fraction", 0) > 0.1)
    stack.kill_inside("prediction-worker")
    job = stack.finished(job_id)
    assert job["state"] == "succeeded", job
    assert job["attempt"] == 2
    versions = stack.api.get("/v1/models/survivor/versions").json()["items"]
    assert [version["version"] for version in versions] == ["1"]


def test_without_redis_it_answers_says_so_and_recovers(stack: Stack) -> None:
    stack.compose("stop", "redis")
    _, text = eventually(lambda: found if (found := readiness(stack))[0] == 503 else None)
    assert "redis" in text
    assert stack.api.get("/livez").status_code == 200
    predict(stack, 3)
    job_id = train(stack, "patient", 400)
    stack.compose("start", "redis")
    eventually(lambda: readiness(stack)[0] == 200)
    assert stack.finished(job_id)["state"] == "succeeded"


def test_without_postgres_models_answer_and_what_they_said_is_stored_later(stack: Stack) -> None:
    stack.compose("stop", "postgres")
    _, text = eventually(lambda: found if (found := readiness(stack))[0] == 503 else None)
    assert "database" in text
    assert stack.api.get("/livez").status_code == 200
    ids = predict(stack, 5)
    assert stack.api.get("/v1/datasets").status_code == 503
    stack.compose("start", "postgres")
    eventually(lambda: readiness(stack)[0] == 200)
    assert stored_soon(stack, ids)
    assert stack.finished(train(stack, "patient", 400, seed=2))["state"] == "succeeded"


@pytest.fixture
def replicas(stack: Stack) -> Iterator[list[str]]:
    limited = ["run", "--detach", "--no-deps", "--env", "LIMITS__DEFAULT=40/hour", "prediction"]
    started = [stack.compose(*limited).split()[-1] for _ in range(2)]
    try:
        for name in started:
            eventually(
                lambda name=name: run("docker", "inspect", "-f", "{{.State.Health.Status}}", name) == "healthy\n"
            )
        yield started
    finally:
        run("docker", "rm", "--force", "--volumes", *started)


def test_two_replicas_share_one_limit(stack: Stack, replicas: list[str]) -> None:
    key = str(stack.api.headers["X-API-Key"])
    with ThreadPoolExecutor() as both:
        spend = lambda name: int(run("docker", "exec", name, "python", "-c", probe("spend"), key))  # noqa: E731
        answered = list(both.map(spend, replicas))
    assert sum(answered) == 40


def test_a_stop_breaks_no_request(stack: Stack) -> None:
    body, key = json.dumps({"rows": [ROW]}), str(stack.api.headers["X-API-Key"])
    with ThreadPoolExecutor() as threads:
        asking = threads.submit(stack.probe, "ask_while_ready", "prediction-worker", key, body)
        time.sleep(2)
        stack.compose("stop", "prediction")
    (container,) = stack.containers("prediction")
    exit_code = run("docker", "inspect", "-f", "{{.State.ExitCode}}", container).strip()
    stack.compose("start", "prediction")
    eventually(lambda: readiness(stack)[0] == 200)
    ended = asking.result()
    assert ended.keys() == {"200", "readyz 503"}
    assert ended["200"] > 20
    assert exit_code == "0"


def test_killing_everything_loses_nothing_that_was_acknowledged(stack: Stack) -> None:
    ids = predict(stack, 50)
    stack.compose("kill", "--signal", "KILL")
    stack.up()
    assert stored_soon(stack, ids)
    eventually(lambda: stack.api.post("/v1/models/people/predict", json={"rows": [ROW]}).status_code == 200)


def test_down_leaves_nothing(stack: Stack) -> None:
    stack.compose("down", "--volumes")
    left = ["docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={stack.name}"]
    assert subprocess.check_output(left, text=True) == ""
