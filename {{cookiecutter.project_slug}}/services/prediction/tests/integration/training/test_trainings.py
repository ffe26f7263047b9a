"""Trainings over HTTP: a job that ends in a registered and released version, once."""

from dataclasses import replace
from uuid import UUID, uuid4

import httpx2
import numpy as np
import pytest
from sqlalchemy import update

from prediction.artifacts.scorer import Scorer
from prediction.catalog import WorkerResources
from prediction.registry.memory import MemoryModelRegistry
from prediction.registry.ports import ModelVersion, TrainedModel
from prediction.training.options import TrainingOptions
from prediction.training.pipeline import read_limits
from prediction.training.settings import TrainingSettings
from servicekit.database import utc_now
from servicekit.jobs import Job
from servicekit.testkit.jobs import InlineJobs

TRAININGS = "/v1/models/buyers/trainings"
FAST = {"estimators": ["linear"]}


def table(rows: int = 200, *, noise: float = 0.5, seed: int = 0) -> bytes:
    random = np.random.default_rng(seed)
    ages = random.integers(18, 80, rows)
    bought = ages / 20 + random.normal(0, noise, rows) > 2.4
    lines = [f"{at},{age},{'yes' if hit else 'no'}" for at, (age, hit) in enumerate(zip(ages, bought, strict=True))]
    return ("\n".join(["id,age,bought", *lines]) + "\n").encode()


@pytest.fixture
def train(client: httpx2.AsyncClient, job_runner: InlineJobs[WorkerResources], resources: WorkerResources):
    """Upload, start a training, run its job, and return what the job says then."""

    async def run(content: bytes, *, target: str = "bought", options: dict[str, object] | None = None):
        dataset = (await client.post("/v1/datasets", files={"file": ("people.csv", content)})).json()["id"]
        body = {"dataset": dataset, "target": target, "options": FAST | (options or {})}
        started = await client.post(TRAININGS, json=body)
        assert started.status_code == 202, started.text
        await job_runner.run_all(resources)
        return (await client.get(started.headers["location"])).json()

    return run


async def test_a_training_ends_in_a_champion(client, train, registry: MemoryModelRegistry, tmp_path) -> None:
    job = await train(table())
    assert job["state"] == "succeeded", job
    result = job["result"]
    assert (result["model"], result["version"], result["champion"], result["task"]) == ("buyers", "1", True, "binary")
    assert result["dropped"] == {"id": "identifier: whole numbers without repetition, and the name of an identifier"}
    low, value, high = (result["metrics"]["roc_auc"][name] for name in ("low", "value", "high"))
    assert 0.5 < low <= value <= high
    version = registry.version("acme", "buyers", "1")
    assert version.tags["source"] == "people.csv"
    assert len(version.tags["dataset_sha256"]) == 64
    assert Scorer.open(registry.download(version, tmp_path / "down"), version.bundle_sha256).schema.target == "bought"


async def test_models_versions_and_events_can_be_looked_at(client, other_client, train) -> None:
    await train(table())
    model = (await client.get("/v1/models/buyers")).json()
    assert (model["champion"]["version"], model["challenger"], model["task"]) == ("1", None, "binary")
    assert [entry["name"] for entry in (await client.get("/v1/models")).json()["items"]] == ["buyers"]
    versions = (await client.get("/v1/models/buyers/versions")).json()["items"]
    assert [entry["version"] for entry in versions] == ["1"]
    version = (await client.get("/v1/models/buyers/versions/1")).json()
    assert version["card"]["data"]["dropped"].keys() == {"id"}
    assert version["metrics"]["roc_auc"] > 0.8
    events = (await client.get("/v1/models/buyers/events")).json()["items"]
    assert [event["action"] for event in events] == ["promoted", "registered"]
    assert (await other_client.get("/v1/models")).json() == {"items": []}
    for path in ("", "/versions", "/versions/1", "/events"):
        assert (await other_client.get(f"/v1/models/buyers{path}")).status_code == 404
    assert (await client.get("/v1/models/buyers/versions/7")).json()["code"] == "model_not_found"


async def test_releases_over_http(client, train, make_client) -> None:
    for data in (table(), table(rows=300, seed=1)):
        assert (await train(data))["state"] == "succeeded"
    reader = await make_client("acme", {"prediction:read", "prediction:train"})
    assert (await reader.post("/v1/models/buyers/promote", json={})).status_code == 403
    divided = await client.put("/v1/models/buyers/traffic", json={"canary_percent": 20, "shadow": True})
    assert (divided.json()["canary_percent"], divided.json()["shadow"]) == (20, True)
    assert (await client.put("/v1/models/buyers/traffic", json={"canary_percent": 101})).status_code == 422
    assert (await client.post("/v1/models/buyers/promote", json={"force": True})).status_code == 422
    promoted = await client.post("/v1/models/buyers/promote", json={"force": True, "reason": "tested by hand"})
    assert promoted.json()["champion"]["version"] == "2"
    assert (await client.post("/v1/models/buyers/promote", json={})).json()["code"] == "nothing_to_release"
    back = await client.post("/v1/models/buyers/rollback", json={"reason": "alarm"})
    assert (back.json()["champion"]["version"], back.json()["previous"]["version"]) == ("1", "2")
    newest = (await client.get("/v1/models/buyers/events", params={"limit": 2})).json()["items"]
    assert [(event["action"], event["reason"]) for event in newest] == [
        ("rolled_back", "alarm"),
        ("promoted", "tested by hand"),
    ]


async def test_a_challenger_that_is_no_better_is_refused(client, train) -> None:
    await train(table())
    job = await train(table(), options={"promote": True})
    assert "stays challenger" in job["result"]["decision"]
    assert job["result"]["champion"] is False
    refusal = (await client.post("/v1/models/buyers/promote", json={})).json()
    assert (refusal["code"], refusal["status"]) == ("gate_failed", 409)
    assert "not reliably lower" in refusal["detail"]


@pytest.mark.parametrize(
    ("content", "target", "code"),
    [
        (table(), "bougt", "target_missing"),
        (b"a,y\n" + b"1,x\n" * 50, "y", "single_class"),
        (b"a,y\n1,x\n", "y", "single_class"),
        (b"a,y\n1,x\n2,z\n", "y", "too_few_rows"),
        (b"a,y\n" + b"1,\n" * 50, "y", "target_empty"),
    ],
)
async def test_data_that_cannot_be_trained_on_fails_the_job_with_a_reason(
    train, content: bytes, target: str, code: str
) -> None:
    job = await train(content, target=target)
    assert (job["state"], job["error"]["code"], job["attempt"]) == ("failed", code, 1)
    assert job["error"]["hint"]


async def test_a_deleted_data_set_fails_the_job(client, job_runner, resources) -> None:
    dataset = (await client.post("/v1/datasets", files={"file": ("people.csv", table())})).json()["id"]
    started = await client.post(TRAININGS, json={"dataset": dataset, "target": "bought"})
    await client.delete(f"/v1/datasets/{dataset}")
    await job_runner.run_all(resources)
    job = (await client.get(started.headers["location"])).json()
    assert (job["state"], job["error"]["code"]) == ("failed", "dataset_deleted")


async def test_another_tenants_data_set_is_not_there(client, other_client) -> None:
    dataset = (await client.post("/v1/datasets", files={"file": ("people.csv", table())})).json()["id"]
    body = {"dataset": dataset, "target": "bought"}
    assert (await other_client.post(TRAININGS, json=body)).json()["code"] == "dataset_not_found"
    assert (await client.post(TRAININGS, json=body | {"dataset": str(uuid4())})).status_code == 404


@pytest.mark.parametrize("body", [{"options": {"folds": 99}}, {"options": {"magic": 1}}, {"target": ""}])
async def test_options_that_make_no_sense_are_refused(client, body: dict[str, object]) -> None:
    answer = await client.post(TRAININGS, json={"dataset": str(uuid4()), "target": "bought"} | body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_repeated_request_makes_one_job(client) -> None:
    dataset = (await client.post("/v1/datasets", files={"file": ("people.csv", table())})).json()["id"]
    body = {"dataset": dataset, "target": "bought"}
    made = [await client.post(TRAININGS, json=body, headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert made[0].json()["id"] == made[1].json()["id"]


class KilledAfterRegistering(MemoryModelRegistry):
    """Its process dies right after the version was stored; once."""

    killed = False

    def register(self, tenant: str, model: str, trained: TrainedModel) -> ModelVersion:
        version = super().register(tenant, model, trained)
        if not self.killed:
            self.killed = True
            raise OSError("killed")
        return version


async def test_a_job_that_is_run_again_registers_one_version(client, job_runner, resources, tmp_path) -> None:
    registry = KilledAfterRegistering(tmp_path / "other")
    again = replace(resources, registry=registry, releases=type(resources.releases)(resources.database, registry))
    dataset = (await client.post("/v1/datasets", files={"file": ("people.csv", table())})).json()["id"]
    started = await client.post(TRAININGS, json={"dataset": dataset, "target": "bought", "options": FAST})
    job_id = UUID(started.json()["id"])
    await job_runner.run(job_id, again)
    assert (await client.get(f"/v1/jobs/{job_id}")).json()["state"] == "queued"
    await make_due(resources, job_id)
    await job_runner.run(job_id, again)
    job = (await client.get(f"/v1/jobs/{job_id}")).json()
    assert (job["state"], job["attempt"], job["result"]["version"]) == ("succeeded", 2, "1")
    assert job["result"]["champion"] is True
    assert len(registry.versions("acme", "buyers")) == 1


async def test_a_registry_that_is_away_is_tried_again_later(client, job_runner, resources, registry) -> None:
    dataset = (await client.post("/v1/datasets", files={"file": ("people.csv", table())})).json()["id"]
    started = await client.post(TRAININGS, json={"dataset": dataset, "target": "bought", "options": FAST})
    registry.reachable = False
    await job_runner.run(UUID(started.json()["id"]), resources)
    job = (await client.get(started.headers["location"])).json()
    assert (job["state"], job["error"]["code"]) == ("queued", "registry_unavailable")
    assert (await client.get("/v1/models")).json()["code"] == "registry_unavailable"


async def make_due(resources: WorkerResources, job_id: UUID) -> None:
    async with resources.database.session() as session:
        await session.execute(update(Job).where(Job.id == job_id).values(run_after=utc_now()))


def test_the_smaller_of_both_row_limits_counts() -> None:
    settings = TrainingSettings(max_rows=1_000, max_columns=7)
    assert read_limits(settings, TrainingOptions(max_rows=100)).max_rows == 100
    assert read_limits(settings, TrainingOptions(max_rows=9_000)).max_rows == 1_000
    assert read_limits(settings, TrainingOptions(seed=3)).seed == 3
    assert read_limits(settings, TrainingOptions()).max_columns == 7
