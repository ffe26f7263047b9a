"""The service on the real stack: PostgreSQL, Redis, MLflow, workers, and what happens when parts of it die.

The tests run in this order; each leaves the stack whole.
"""

import csv
import io
import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from servicekit.testkit.stack import Stack, eventually, finished, image_size, look_at, readiness, run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

PROBES = Path(__file__).parent / "probes"
ADDED_BYTES = 800 * 1024 * 1024  # what the image may add to its base
ROW = {"age": 41.0, "income": 3200.0, "city": "Lyon"}


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[httpx2.Client]:
    with stack.client("prediction") as client:
        yield client


def probe(name: str) -> str:
    return (PROBES / f"{name}.py").read_text(encoding="utf-8")


def run_probe(stack: Stack, name: str, service: str, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON the probe prints
    """Run one of the programs in `probes/` in a service's container."""
    return json.loads(stack.inside(service, "python", "-c", probe(name), *arguments))


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


def train(api: httpx2.Client, model: str, rows: int, seed: int = 1) -> str:
    """Upload a table, ask for a training, and return the job's id."""
    uploaded = api.post("/v1/datasets", files={"file": ("people.csv", people(rows, seed), "text/csv")})
    assert uploaded.status_code == 201, uploaded.text
    body = {"dataset": uploaded.json()["id"], "target": "buys"}
    accepted = api.post(f"/v1/models/{model}/trainings", json=body)
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["id"])


def predict(api: httpx2.Client, count: int = 1) -> list[str]:
    """Ask for one prediction after the other, and return the ids that were acknowledged."""
    ids = []
    for _ in range(count):
        answer = api.post("/v1/models/people/predict", json={"rows": [ROW]})
        assert answer.status_code == 200, answer.text
        ids.append(answer.json()["predictions"][0]["id"])
    return ids


def stored(stack: Stack, ids: list[str]) -> bool:
    listed = ",".join(f"'{name}'" for name in ids)
    return int(stack.sql("prediction", f"select count(*) from predictions where id in ({listed})")) == len(set(ids))


def test_the_image_has_no_more_than_it_needs(stack: Stack) -> None:
    dockerfile = (stack.folder / "services/prediction/Dockerfile").read_text(encoding="utf-8")
    base = next(line.split()[1] for line in dockerfile.splitlines() if line.startswith("FROM python:"))
    assert image_size(f"{stack.name}-prediction") - image_size(base) < ADDED_BYTES


@pytest.mark.parametrize("service", ["prediction", "prediction-worker", "prediction-beat"])
def test_a_container_knows_no_password_of_others(stack: Stack, service: str) -> None:
    secrets = {name: value for name, value in stack.secrets().items() if "PASSWORD" in name or "API_KEY" in name}
    known = stack.inside(service, "env")
    assert {name for name, value in secrets.items() if value and value in known} == {"PREDICTION_DATABASE_PASSWORD"}


def test_a_table_becomes_a_model_that_answers(stack: Stack, api: httpx2.Client) -> None:
    job = finished(api, train(api, "people", 600))
    assert job["state"] == "succeeded", job
    assert job["result"]["champion"] is True
    eventually(lambda: api.post("/v1/models/people/predict", json={"rows": [ROW]}).status_code == 200)
    assert stored_soon(stack, predict(api, 5))


def stored_soon(stack: Stack, ids: list[str]) -> bool:
    return bool(eventually(lambda: stored(stack, ids)))


def test_a_training_whose_worker_is_killed_is_finished_once(stack: Stack, api: httpx2.Client) -> None:
    job_id = train(api, "survivor", 8000)
    eventually(lambda: (look_at(api, job_id)["progress"] or {}).get("fraction", 0) > 0.1)
    stack.kill_inside("prediction-worker")
    job = finished(api, job_id)
    assert job["state"] == "succeeded", job
    assert job["attempt"] == 2
    versions = api.get("/v1/models/survivor/versions").json()["items"]
    assert [version["version"] for version in versions] == ["1"]


def test_without_redis_it_answers_says_so_and_recovers(stack: Stack, api: httpx2.Client) -> None:
    stack.compose("stop", "redis")
    _, text = eventually(lambda: found if (found := readiness(api))[0] == 503 else None)
    assert "redis" in text
    assert api.get("/livez").status_code == 200
    predict(api, 3)
    job_id = train(api, "patient", 400)
    stack.compose("start", "redis")
    eventually(lambda: readiness(api)[0] == 200)
    assert finished(api, job_id)["state"] == "succeeded"


def test_without_postgres_models_answer_and_what_they_said_is_stored_later(stack: Stack, api: httpx2.Client) -> None:
    stack.compose("stop", "postgres")
    _, text = eventually(lambda: found if (found := readiness(api))[0] == 503 else None)
    assert "database" in text
    assert api.get("/livez").status_code == 200
    ids = predict(api, 5)
    assert api.get("/v1/datasets").status_code == 503
    stack.compose("start", "postgres")
    eventually(lambda: readiness(api)[0] == 200)
    assert stored_soon(stack, ids)
    assert finished(api, train(api, "patient", 400, seed=2))["state"] == "succeeded"


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


def test_two_replicas_share_one_limit(api: httpx2.Client, replicas: list[str]) -> None:
    key = str(api.headers["X-API-Key"])
    with ThreadPoolExecutor() as both:
        spend = lambda name: int(run("docker", "exec", name, "python", "-c", probe("spend"), key))  # noqa: E731
        answered = list(both.map(spend, replicas))
    assert sum(answered) == 40


def test_a_stop_breaks_no_request(stack: Stack, api: httpx2.Client) -> None:
    body, key = json.dumps({"rows": [ROW]}), str(api.headers["X-API-Key"])
    with ThreadPoolExecutor() as threads:
        asking = threads.submit(run_probe, stack, "ask_while_ready", "prediction-worker", key, body)
        time.sleep(2)
        stack.compose("stop", "prediction")
    (container,) = stack.containers("prediction")
    exit_code = run("docker", "inspect", "-f", "{{.State.ExitCode}}", container).strip()
    stack.compose("start", "prediction")
    eventually(lambda: readiness(api)[0] == 200)
    ended = asking.result()
    assert ended.keys() == {"200", "readyz 503"}
    assert ended["200"] > 20
    assert exit_code == "0"


def test_killing_everything_loses_nothing_that_was_acknowledged(stack: Stack, api: httpx2.Client) -> None:
    ids = predict(api, 50)
    stack.compose("kill", "--signal", "KILL")
    stack.up()
    assert stored_soon(stack, ids)
    eventually(lambda: api.post("/v1/models/people/predict", json={"rows": [ROW]}).status_code == 200)
