"""A model's life over HTTP: trained, served, labelled, drifted, trained anew and promoted."""

import io

import numpy as np
import pytest
from sqlalchemy import delete, select

from prediction.feedback.models import Label
from prediction.predictionlog.models import Prediction
from prediction.predictionlog.record import PredictionRow
from prediction.predictionlog.sql import SqlPredictionSink
from prediction.registry.ports import Alias
from prediction.retraining.breach import Breach
from prediction.retraining.repository import RetrainingRepository
from prediction.retraining.schemas import SweepParams
from prediction.retraining.starter import RetrainingStarter
from prediction.retraining.tasks import RETENTION, SWEEP, RetentionParams
from servicekit.database import utc_now
from servicekit.jobs import JobState

OPTIONS = {"estimators": ["forest"], "folds": 2, "calibrate": False}
MODEL = "/v1/models/ripeness"


def fruits(number: int, *, seed: int, scale: float = 1.0) -> list[dict]:
    """Ripe ones are heavy and dark; with `scale` the balance reports another unit."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(number):
        ripe = bool(random.random() < 0.5)
        weight = random.normal(120 if ripe else 100, 6) * scale
        made.append({"weight": weight, "darkness": random.normal(0.6 if ripe else 0.5, 0.1), "ripe": ripe})
    return made


def csv(rows: list[dict]) -> bytes:
    out = io.StringIO()
    out.write(",".join(rows[0]) + "\n")
    for row in rows:
        out.write(",".join(str(value).lower() for value in row.values()) + "\n")
    return out.getvalue().encode()


@pytest.fixture
async def trained(client, job_runner, resources, services) -> None:
    uploaded = await client.post("/v1/datasets", files={"file": ("fruits.csv", csv(fruits(300, seed=1)), "text/csv")})
    body = {"dataset": uploaded.json()["id"], "target": "ripe", "options": OPTIONS}
    assert (await client.post(f"{MODEL}/trainings", json=body)).status_code == 202
    (job,) = [job for job in await job_runner.run_all(resources) if job.kind == "training.run"]
    assert job.state == JobState.SUCCEEDED, job.error_detail
    await services.models.refresh()


async def live(client, rows: list[dict]) -> float:
    """Predict and label; return the share of right answers."""
    features = [{name: value for name, value in row.items() if name != "ripe"} for row in rows]
    answer = await client.post(f"{MODEL}/predict", json={"rows": features})
    predictions = answer.json()["predictions"]
    pairs = list(zip(predictions, rows, strict=True))
    items = [{"prediction_id": prediction["id"], "label": row["ripe"]} for prediction, row in pairs]
    told = (await client.post("/v1/feedback", json={"items": items})).json()
    assert told["accepted"] == len(rows)
    return sum(prediction["label"] == row["ripe"] for prediction, row in pairs) / len(rows)


async def check(client, job_runner, resources) -> dict:
    started = await client.post(f"{MODEL}/drift", json={"hours": 1})
    assert started.status_code == 202
    await job_runner.run_all(resources)
    return (await client.get(started.headers["location"])).json()["result"]


@pytest.mark.usefixtures("trained")
async def test_a_breach_ends_in_a_promotion(client, other_client, job_runner, resources, services) -> None:
    assert (await client.get(f"{MODEL}/drift")).json()["latest"] is None
    assert await live(client, fruits(250, seed=2)) > 0.85
    calm = await check(client, job_runner, resources)
    assert (calm["drift"]["status"], calm["quality"]["status"], calm["retraining"]) == ("stable", "good", "no_breach")

    assert await live(client, fruits(400, seed=3, scale=0.5)) < 0.7
    found = await check(client, job_runner, resources)
    assert (found["drift"]["status"], found["quality"]["status"], found["retraining"]) == ("drift", "breach", "started")
    (entry,) = (await client.get(f"{MODEL}/retrainings")).json()["retrainings"]
    assert (entry["id"], entry["trigger"], entry["version"]) == (found["retraining_id"], "quality", "1")
    assert (entry["rows"], entry["challenger"], entry["promoted"]) == (650, "2", True)

    model = (await client.get(MODEL)).json()
    assert (model["champion"]["version"], model["previous"]["version"]) == ("2", "1")
    event = (await client.get(f"{MODEL}/events")).json()["items"][0]
    assert (event["action"], event["actor"]) == ("promoted", "monitoring")
    assert "lower than" in event["reason"]
    await services.models.refresh()
    assert await live(client, fruits(100, seed=4, scale=0.5)) > 0.75

    history = (await client.get(f"{MODEL}/drift")).json()
    assert [report["status"] for report in history["reports"]] == ["drift", "stable"]
    online = (await client.get(f"{MODEL}/metrics/online")).json()
    assert {entry["version"] for entry in online["versions"]} == {"1", "2"}
    for path in ("drift", "retrainings", "metrics/online"):
        assert (await other_client.get(f"{MODEL}/{path}")).status_code == 404


@pytest.mark.usefixtures("trained")
async def test_a_retraining_that_finds_too_few_usable_labels_says_so(client, job_runner, resources, database) -> None:
    await live(client, fruits(250, seed=2))
    starter = RetrainingStarter(database, resources.jobs, resources.settings.monitoring)
    _, retraining = await starter.consider("acme", "ripeness", "1", Breach("drift", "drift in weight"), now=utc_now())
    async with database.session() as session:
        await session.execute(delete(Label))  # retention was faster than the worker
    jobs = await job_runner.run_all(resources)
    job = next(job for job in jobs if job.id == retraining)
    assert (job.state, job.error_code) == (JobState.FAILED, "not_enough_labels")
    async with database.reading() as session:
        entry = await RetrainingRepository(session).get(retraining)
    assert entry.promoted is False
    assert entry.outcome.startswith("not_enough_labels: There are 0 labelled predictions")


@pytest.mark.usefixtures("trained")
async def test_a_sweep_checks_every_champion_and_survives_what_fails(
    client, job_runner, resources, registry, database, release, flowers
) -> None:
    release("broken", flowers)  # its bundle has no usable reference
    await live(client, fruits(250, seed=2))

    async with database.reading() as session:
        some = (await session.scalars(select(Prediction))).all()
    columns = PredictionRow.__dataclass_fields__
    copies = [PredictionRow(**{name: getattr(row, name) for name in columns} | {"model": "broken"}) for row in some]
    moved = [
        PredictionRow(**{name: getattr(row, name) for name in columns} | {"id": f"b{row.id[1:]}"}) for row in copies
    ]
    await SqlPredictionSink(database).store(moved)
    async with database.session() as session:
        for kind, params in ((SWEEP, SweepParams()), (RETENTION, RetentionParams())):
            await resources.jobs.enqueue(session, kind, params, tenant="system", actor="test")
    jobs = {job.kind: job for job in await job_runner.run_all(resources)}
    swept = jobs[SWEEP].result
    assert (swept["checked"], swept["retrainings"]) == (1, 0)
    assert [failure.split(":")[0] for failure in swept["failed"]] == ["acme/broken"]
    assert jobs[RETENTION].result == {"predictions": 0, "labels": 0, "reports": 0}


async def test_an_unknown_model_is_not_found(client) -> None:
    for method, path in (("POST", "drift"), ("GET", "drift"), ("GET", "retrainings"), ("GET", "metrics/online")):
        assert (await client.request(method, f"/v1/models/nothing/{path}")).status_code == 404


async def test_a_check_of_a_model_without_champion_is_refused(client, job_runner, resources, release, flowers) -> None:
    release("flowers", flowers, role=Alias.CHALLENGER)
    await client.post("/v1/models/flowers/drift")
    job = (await job_runner.run_all(resources))[-1]
    assert (job.state, job.error_code) == (JobState.FAILED, "no_champion")


async def test_feedback_refuses_what_makes_no_sense(client) -> None:
    for body in (
        {"items": []},
        {"items": [{"prediction_id": "x", "label": None}]},
        {"items": [{"prediction_id": "a b", "label": 1}]},
        {"items": [{"prediction_id": "x", "label": 1, "tenant": "globex"}]},
        {"items": [{"prediction_id": "x", "label": 1, "observed_at": "2026-01-01T00:00:00"}]},
    ):
        assert (await client.post("/v1/feedback", json=body)).status_code == 422, body


@pytest.mark.parametrize("label", ['"a\\u0000b"', "1" + "0" * 400, "NaN", "1e999"])
async def test_labels_that_no_database_could_hold_are_refused(client, label) -> None:
    body = '{"items": [{"prediction_id": "x", "label": %s}]}' % label  # noqa: UP031 - braces are JSON's
    answer = await client.post("/v1/feedback", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


@pytest.mark.settings(monitoring__feedback_items=2)
async def test_feedback_is_bounded(client) -> None:
    items = [{"prediction_id": "x", "label": 1}] * 3
    refused = await client.post("/v1/feedback", json={"items": items})
    assert (refused.status_code, refused.json()["code"]) == (413, "too_many_labels")
