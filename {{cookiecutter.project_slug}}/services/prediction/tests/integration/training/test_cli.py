"""The commands train, promote and rollback, beside a running service and without one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI

from prediction.catalog import WorkerResources
from prediction.cli import build_parser
from prediction.registry.remote import RemoteRefused, RemoteService
from prediction.settings import PredictionSettings
from prediction.training.cli import model_name
from servicekit.testkit.jobs import InlineJobs
from servicekit.testkit.settings import make_settings

FAST = ["--estimators", "linear"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    lines = [f"{value:.3f},{'yes' if value + random.normal() / 3 > 0 else 'no'},{at}" for at, value in enumerate(x)]
    path = tmp_path / "Buyers 2024.csv"
    path.write_text("\n".join(["x,bought,id", *lines]) + "\n")
    return path


@pytest.fixture
def alone(tmp_path: Path, empty_mlflow: Path) -> PredictionSettings:
    """Settings of a machine where no service runs."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "mlflow.db").write_bytes(empty_mlflow.read_bytes())
    return make_settings(
        PredictionSettings,
        tmp_path / "alone",
        prediction_url="http://127.0.0.1:21298",
        auth__development_key="pk_development_secret",
    )


def run(settings: PredictionSettings, *words: str) -> int:
    arguments = build_parser(lambda: settings).parse_args(list(words))
    code: int = arguments.run(arguments)
    return code


def test_trains_promotes_and_rolls_back_without_a_service(
    data: Path, alone: PredictionSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(alone, "train", "--data", str(data), "--target", "bought", *FAST) == 0
    told = capsys.readouterr()
    assert "No service answers: training buyers-2024 in this process." in told.out
    assert "Version 1 is the first champion of buyers-2024." in told.out
    assert "  id: identifier" in told.out
    assert "roc_auc" in told.out
    assert "registering the version" in told.err
    assert run(alone, "train", "--data", str(data), "--target", "bought", *FAST, "--seed", "9") == 0
    assert "make promote MODEL=buyers-2024" in capsys.readouterr().out
    assert run(alone, "promote", "buyers-2024", "--force") == 0
    assert "version 2 answers requests now; rollback would return to version 1" in capsys.readouterr().out
    assert run(alone, "rollback", "buyers-2024", "--reason", "alarm") == 0
    assert "version 1 answers requests now" in capsys.readouterr().out
    assert run(alone, "promote", "nothing") == 1
    assert "There is no model nothing." in capsys.readouterr().err


def test_refusals_are_one_line(data: Path, alone: PredictionSettings, capsys: pytest.CaptureFixture[str]) -> None:
    for words, sentence in (
        (["--data", "nowhere.csv", "--target", "y"], "There is no file nowhere.csv."),
        (["--data", str(data), "--target", "y", "--folds", "99"], "folds: Input should be less than or equal to 10"),
        (["--data", str(data), "--target", "y", "--model", "Big Model"], "String should match pattern"),
        (["--data", str(data), "--target", "bougt"], "There is no column 'bougt'. Did you mean 'bought'?"),
    ):
        assert run(alone, "train", *words) == 1
        error = capsys.readouterr().err
        assert sentence in error
        assert "Traceback" not in error


def test_a_database_without_tables_is_explained(alone: PredictionSettings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(alone, "rollback", "buyers") == 1
    assert "no tables yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("iris.csv", "iris"),
        ("Wine Quality (2).parquet", "wine-quality-2"),
        ("2024.csv", "model-2024"),
        ("_.csv", "model"),
    ],
)
def test_a_model_is_named_after_its_file(name: str, model: str) -> None:
    assert model_name(Path(name)) == model


@pytest.fixture
async def service_url(
    app: FastAPI, resources: WorkerResources, job_runner: InlineJobs[WorkerResources]
) -> AsyncIterator[str]:
    """A running service, whose jobs are run as they come."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))

    async def work() -> None:
        while not server.should_exit:
            await job_runner.run_all(resources)
            await asyncio.sleep(0.05)

    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    working = asyncio.create_task(work())
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await asyncio.gather(serving, working)


async def test_uses_the_service_that_runs(
    data: Path, settings: PredictionSettings, service_url: str, mint, capsys: pytest.CaptureFixture[str]
) -> None:
    there = ["--url", service_url, "--key", await mint(tenant="acme")]
    training = ["train", "--data", str(data), "--model", "buyers", *FAST, *there, "--target"]
    assert await asyncio.to_thread(run, settings, *training, "bought") == 0
    told = capsys.readouterr()
    assert f"Training buyers on {service_url}." in told.out
    assert "Version 1 is the first champion of buyers." in told.out
    assert "uploading" in told.err
    assert await asyncio.to_thread(run, settings, "promote", "buyers", *there) == 1
    assert "buyers has no challenger. Train a new version first." in capsys.readouterr().err
    assert await asyncio.to_thread(run, settings, "rollback", "buyers", *there) == 1
    assert await asyncio.to_thread(run, settings, *training, "nope") == 1
    assert "[target_missing]" in capsys.readouterr().err


def answering(handler) -> RemoteService:
    return RemoteService("http://service", "key", transport=httpx2.MockTransport(handler))


def test_a_service_that_goes_away_is_said() -> None:
    def gone(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    with answering(gone) as service:
        assert not service.answers()
        with pytest.raises(RemoteRefused, match="does not answer"):
            service.promote("m", {})


def test_faults_of_fields_and_cancelled_jobs_are_told() -> None:
    problem = {
        "code": "invalid_request",
        "detail": "The request is not valid.",
        "errors": [{"name": "options.folds", "message": "too many"}],
    }
    with answering(lambda _: httpx2.Response(422, json=problem)) as service:
        with pytest.raises(RemoteRefused, match=r"options\.folds: too many"):
            service.train("m", {})
        cancelled = {"finished_at": "now", "state": "cancelled", "error": None}
        with pytest.raises(RemoteRefused, match="The job is cancelled"):
            service.wait(cancelled, lambda *_: None)
