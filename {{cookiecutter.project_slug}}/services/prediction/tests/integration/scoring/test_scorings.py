"""Batch scoring from the upload to the download."""

import csv
import io
import json
import os
from datetime import timedelta

import pytest

from prediction.scoring.tasks import SweepParams, delete_old_files
from servicekit.jobs import JobState
from servicekit.testkit.jobs import make_context

SCORINGS = "/v1/models/flowers/scorings"
ROWS = [
    {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4},
    {"sepal length (cm)": 6.0, "sepal width (cm)": 3.0, "petal length (cm)": 5.9},
]


def as_csv(rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture(autouse=True)
def released(release, flowers) -> None:
    release("flowers", flowers, seed=1)


@pytest.fixture
def score(client, job_runner, resources):
    """Upload a file, run the job, and return its id and what it says then."""

    async def score(content: bytes, name: str = "flowers.csv", **form: str):
        started = await client.post(SCORINGS, files={"file": (name, content)}, data=form)
        assert started.status_code == 202, started.text
        job_id = started.json()["id"]
        assert started.headers["location"] == f"/v1/jobs/{job_id}"
        await job_runner.run_all(resources)
        return job_id, (await client.get(f"/v1/scorings/{job_id}")).json()

    return score


async def test_the_result_has_the_answers_of_the_predict_route(client, score) -> None:
    job_id, job = await score(as_csv(ROWS))
    assert (job["state"], job["result"]["rows"], job["result"]["skipped"]) == ("succeeded", 2, 0)
    assert job["result"]["version"] == "1"
    result = await client.get(f"/v1/scorings/{job_id}/result")
    assert result.headers["content-type"].startswith("text/csv")
    assert result.headers["content-disposition"] == f'attachment; filename="flowers-{job_id}.csv"'
    scored = list(csv.DictReader(io.StringIO(result.text)))
    plain = (await client.post("/v1/models/flowers/predict", json={"rows": ROWS})).json()["predictions"]
    assert [row["prediction"] for row in scored] == [each["label"] for each in plain]
    assert [float(row["probability"]) for row in scored] == [each["probability"] for each in plain]


async def test_bad_rows_fail_the_job_and_are_named(client, score) -> None:
    job_id, job = await score(as_csv([*ROWS, ROWS[0] | {"sepal width (cm)": "wide"}]))
    assert (job["state"], job["error"]["code"]) == ("failed", "bad_rows")
    assert "line 4 (row 3): field 'sepal width (cm)' has 'wide' instead of a finite number" in job["error"]["detail"]
    refused = await client.get(f"/v1/scorings/{job_id}/result")
    assert (refused.status_code, refused.json()["code"]) == (409, "result_not_ready")


async def test_bad_rows_may_be_skipped(client, score) -> None:
    lines = "\n".join(json.dumps(row) for row in [*ROWS, {"sepal width (cm)": 1}]).encode()
    job_id, job = await score(lines, "flowers.jsonl", on_error="skip")
    assert (job["state"], job["result"]["skipped"], job["result"]["format"]) == ("succeeded", 1, "jsonl")
    result = await client.get(f"/v1/scorings/{job_id}/result")
    assert result.headers["content-type"].startswith("application/jsonl")
    assert "is missing" in json.loads(result.text.splitlines()[2])["prediction_error"]


@pytest.mark.parametrize(("content", "code"), [(b"", "empty_file"), (b"\x00\x01\x02\x03", "not_a_table")])
async def test_files_that_are_no_tables_are_refused_at_once(client, content, code) -> None:
    refused = await client.post(SCORINGS, files={"file": ("flowers.csv", content)})
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json()["hint"]


async def test_tables_that_lack_columns_fail_the_job(score) -> None:
    _, job = await score(b"a,b\n1,2\n")
    assert (job["state"], job["error"]["code"]) == ("failed", "missing_columns")
    assert job["error"]["hint"]


async def test_there_is_no_result_before_the_end(client) -> None:
    job_id = (await client.post(SCORINGS, files={"file": ("a.csv", as_csv(ROWS))})).json()["id"]
    assert (await client.get(f"/v1/scorings/{job_id}")).json()["state"] == "queued"
    assert (await client.get(f"/v1/scorings/{job_id}/result")).status_code == 409


async def test_scorings_belong_to_their_tenant(client, other_client, score) -> None:
    job_id, _ = await score(as_csv(ROWS))
    for path in (f"/v1/scorings/{job_id}", f"/v1/scorings/{job_id}/result"):
        assert (await other_client.get(path)).json()["code"] == "scoring_not_found"


async def test_other_jobs_are_no_scorings(client, database, services) -> None:
    async with database.session() as session:
        job = await services.kit.jobs.enqueue(session, "scoring.sweep", SweepParams(), tenant="acme", actor="test")
    assert (await client.get(f"/v1/scorings/{job.id}")).status_code == 404


async def test_only_released_models_score(client, other_client) -> None:
    file = {"file": ("a.csv", as_csv(ROWS))}
    assert (await client.post("/v1/models/others/scorings", files=file)).status_code == 404
    assert (await other_client.post(SCORINGS, files=file)).status_code == 404
    assert (await client.post(SCORINGS, data={"on_error": "refuse"})).status_code == 422


async def test_the_same_idempotency_key_makes_one_job(client) -> None:
    answers = [
        await client.post(SCORINGS, files={"file": ("a.csv", as_csv(ROWS))}, headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert answers[1].headers["idempotent-replayed"] == "true"


async def test_a_scoring_keeps_its_version_and_repeats_itself_after_a_lost_worker(
    client, release, flowers, job_runner, resources, database, services
) -> None:
    job_id = (await client.post(SCORINGS, files={"file": ("a.csv", as_csv(ROWS))})).json()["id"]
    release("flowers", flowers, seed=2)
    (job,) = await job_runner.run_all(resources)
    first = (await client.get(f"/v1/scorings/{job_id}/result")).content
    async with database.session() as session:
        lost = await services.kit.jobs.get(session, "acme", job.id)
        lost.state, lost.result = JobState.QUEUED, None
    (again,) = await job_runner.run_all(resources)
    assert again.result["version"] == "1"
    assert (await client.get(f"/v1/scorings/{job_id}/result")).content == first


async def test_old_files_are_deleted(client, score, resources, services) -> None:
    job_id, _ = await score(as_csv(ROWS))
    kept = await delete_old_files(make_context(resources), SweepParams())
    assert kept.deleted == 0
    for path in services.settings.data_dir.rglob("scorings/**/*"):
        if path.is_file():
            os.utime(path, (0, path.stat().st_mtime - timedelta(days=8).total_seconds()))
    assert (await delete_old_files(make_context(resources), SweepParams())).deleted == 2
    gone = await client.get(f"/v1/scorings/{job_id}/result")
    assert (gone.status_code, "deleted" in gone.json()["detail"]) == (404, True)
