"""A server on a port of this machine with a model that was really trained."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from prediction.datasets.reading import ReadLimits
from prediction.registry.memory import MemoryModelRegistry
from prediction.registry.ports import Alias, TrainedModel
from prediction.seed import MODEL, OPTIONS, TARGET, write_flowers
from prediction.training.run import Training, run_training


@pytest.fixture(scope="session")
def trained_iris(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    folder = tmp_path_factory.mktemp("iris")
    write_flowers(folder / "iris.csv")
    training = Training(folder / "iris.csv", "iris.csv", TARGET, OPTIONS, ReadLimits())
    made = run_training(training, folder, lambda _fraction, _message: None)
    return TrainedModel("job-1", made.bundle, made.bundle_sha256, made.evaluation, made.plots)


@pytest.fixture
async def server_url(app: FastAPI, registry: MemoryModelRegistry, trained_iris: TrainedModel) -> AsyncIterator[str]:
    """The address of the running application, where tenant `acme` has the model `iris`."""
    version = registry.register("acme", MODEL, trained_iris)
    registry.set_alias("acme", MODEL, Alias.CHAMPION, version.version)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
def work_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
