"""A process that starts while the registry is away, and is killed in the middle of its work."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from prediction.predictionlog.models import Prediction
from prediction.registry.ports import ModelVersion
from prediction.serving.cache import BundleCache, Remembered

FLOWER = {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4}
KEY = "dev-killed"
START_SECONDS, CLIENTS = 180, 6

pytestmark = pytest.mark.timeout(900)


class Server:
    """`python -m prediction serve` on a folder of data, without a registry."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = os.environ | {
            "ENVIRONMENT": "test",
            "DATA_DIR": str(data),
            "HTTP__PORT": str(self.port),
            "HTTP__DRAIN_SECONDS": "0",
            "AUTH__DEVELOPMENT_KEY": KEY,
            "MLFLOW__TRACKING_URI": "http://127.0.0.1:1",
            "LIMITS__DEFAULT": "1000000/minute",
            "PREDICTIONLOG__DRAIN_SECONDS": "1",  # slow, so that there is something to lose
        }
        self._log = data / "server.log"

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "prediction", "serve"]
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx2.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.1)
        self.kill()
        pytest.fail(f"the server did not start: {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def server(settings, make_version, flowers) -> Iterator[Server]:
    version = make_version("flowers", "7", flowers, tenant="development")
    remember(settings.model_cache, version, make_version.folders[version.bundle_sha256])
    server = Server(settings.data_dir)
    server.start()
    yield server
    server.kill()


def remember(folder: Path, version: ModelVersion, bundle: Path) -> None:
    """Make a cache as an earlier process has left it."""

    class Downloaded:
        def download(self, _version: ModelVersion, into: Path) -> Path:
            return Path(bundle.rename(into / "bundle"))

    cache = BundleCache(folder, Downloaded())  # type: ignore[arg-type]  # nothing else is asked of the registry here
    cache.fetch(version)
    cache.remember({("development", "flowers"): Remembered("development", "flowers", version)})


def predict_until_it_dies(server: Server) -> list[str]:
    acknowledged = []
    with httpx2.Client(base_url=server.url, headers={"X-API-Key": KEY}) as client:
        while True:
            try:
                response = client.post("/v1/models/flowers/predict", json={"rows": [FLOWER, FLOWER]})
            except httpx2.TransportError:
                return acknowledged
            assert response.status_code == 200
            acknowledged += [prediction["id"] for prediction in response.json()["predictions"]]


async def test_what_was_acknowledged_is_in_the_database_after_a_restart(server, database) -> None:
    acknowledged: list[str] = []
    for _ in range(2):
        with ThreadPoolExecutor(CLIENTS) as clients:
            asking = [clients.submit(predict_until_it_dies, server) for _ in range(CLIENTS)]
            await asyncio.sleep(1.5)
            server.kill()
            acknowledged += [id_ for each in asking for id_ in each.result()]
        server.start()
    assert server.stop() == 0
    async with database.reading() as session:
        kept = (await session.scalars(select(Prediction.id))).all()
    assert len(kept) == len(set(kept))
    assert len(acknowledged) > 100
    assert set(acknowledged) <= set(kept)


def test_a_start_without_the_registry_serves_from_the_cache(server) -> None:
    headers = {"X-API-Key": KEY}
    answer = httpx2.post(f"{server.url}/v1/models/flowers/predict", headers=headers, json={"rows": [FLOWER]})
    assert (answer.status_code, answer.json()["version"]) == (200, "7")
    deadline = time.monotonic() + 30
    while "degraded" not in httpx2.get(f"{server.url}/readyz").text and time.monotonic() < deadline:
        time.sleep(0.2)
    ready = httpx2.get(f"{server.url}/readyz")
    assert (ready.status_code, ready.json()["checks"]["models"]) == (200, "degraded: the registry is away")
    unknown = httpx2.post(f"{server.url}/v1/models/others/predict", headers=headers, json={"rows": [FLOWER]})
    assert (unknown.status_code, json.loads(unknown.text)["code"]) == (503, "registry_unavailable")
