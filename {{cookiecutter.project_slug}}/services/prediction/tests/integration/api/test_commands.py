"""The command line, and the application that it starts, on the embedded parts of `make dev`."""

import importlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from prediction.app import build_app
from prediction.cli import main
from prediction.openapi import document
from prediction.seed import write_flowers

KEY = {"X-API-Key": "dev-commands"}
FLOWER = {"sepal_length": 5.8, "sepal_width": 2.7, "petal_length": 5.1, "petal_width": 1.9}
PREDICT = "/v1/models/iris/predict"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of data after `migrate` and `seed`, and the environment that names it."""
    folder = tmp_path_factory.mktemp("data")
    variables = {
        "ENVIRONMENT": "test",
        "DATA_DIR": str(folder),
        "AUTH__DEVELOPMENT_KEY": KEY["X-API-Key"],
        "LIMITS__DEFAULT": "1000000/minute",
        "SERVING__POLL_SECONDS": "0.2",
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.chdir(folder)
        for name, value in variables.items():
            environment.setenv(name, value)
        assert main(["migrate"]) == 0
        assert main(["seed"]) == 0
        yield folder


@pytest.mark.timeout(300)
def test_seeding_again_changes_nothing(seeded, capsys) -> None:
    assert main(["seed"]) == 0
    assert "nothing to seed" in capsys.readouterr().out


@pytest.mark.timeout(300)
async def test_predictions_go_on_while_the_same_process_trains(seeded) -> None:
    app = build_app()
    transport = httpx2.ASGITransport(app=app)
    waits = []
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test", headers=KEY) as client,
    ):
        write_flowers(seeded / "flowers.csv")
        files = {"file": ("flowers.csv", (seeded / "flowers.csv").read_bytes())}
        dataset = (await client.post("/v1/datasets", files=files)).json()["id"]
        body = {"dataset": dataset, "target": "species", "options": {"estimators": ["forest"]}}
        training = (await client.post("/v1/models/iris/trainings", json=body)).headers["location"]
        while not (job := (await client.get(training)).json())["finished_at"]:
            asked = time.monotonic()
            answer = await client.post(PREDICT, json={"rows": [FLOWER]})
            waits.append(time.monotonic() - asked)
            assert (answer.status_code, answer.json()["predictions"][0]["label"]) == (200, "virginica")
    assert job["state"] == "succeeded", job["error"]
    assert len(waits) > 20
    assert sorted(waits)[len(waits) // 2] < 0.1  # seconds


def test_the_worker_process_knows_all_jobs_and_schedules(seeded) -> None:
    worker = importlib.import_module("prediction.worker")
    assert {"training.run", "scoring.run", "retraining.run"} <= {spec.kind for spec in worker.catalog}
    assert {schedule.kind for schedule in worker.catalog.schedules} >= {"monitoring.sweep", "scoring.sweep"}
    assert worker.celery.main == "prediction"


def test_writes_the_openapi_document_where_it_is_told(capsys, tmp_path) -> None:
    assert main(["openapi"]) == 0
    assert capsys.readouterr().out == document()
    assert main(["openapi", "--output", str(tmp_path / "openapi.json")]) == 0
    assert (tmp_path / "openapi.json").read_text() == document()


def test_help_lists_every_command(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    listed = capsys.readouterr().out
    for command in ("serve", "migrate", "seed", "openapi", "train", "promote", "rollback", "demo", "keys"):
        assert f"\n    {command} " in listed


def test_an_interrupted_command_says_so_by_its_exit_code(monkeypatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.write_text", interrupt)
    assert main(["openapi", "--output", "unused.json"]) == 130
