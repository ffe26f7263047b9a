"""Two processes of the service with one Redis, behind a proxy that they do not trust."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

KEY = {"X-API-Key": "dev-key-of-the-sample"}


class RedisProcess:
    """A Redis of this test alone, which can be stopped and started again."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture
def redis() -> Iterator[RedisProcess]:
    if shutil.which("redis-server") is None:
        pytest.skip("needs the program redis-server")
    process = RedisProcess()
    yield process
    process.stop()


def test_replicas_share_one_rate_limit_and_outlive_redis(start, redis: RedisProcess) -> None:
    settings = {"REDIS_URL": redis.url, "LIMITS__DEFAULT": "20/hour", "HTTP__FORWARDED_ALLOW_IPS": "10.0.0.1"}
    replicas = [start(**settings) for _ in range(2)]
    wait_for_the_middle_of_an_hour()

    headers = KEY | {"X-Forwarded-For": "203.0.113.9"}
    answers = [replica.client.get("/things/1", headers=headers) for _ in range(15) for replica in replicas]

    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 10
    assert int(answers[-1].headers["retry-after"]) <= 3600

    redis.stop()
    down = wait_for_status(replicas[0], 503)
    lives = replicas[0].client.get("/livez")
    alone = replicas[0].client.get("/things/1", headers=KEY)
    redis.start()

    assert down["checks"]["redis"] == "failing: ConnectionError"
    assert down["checks"]["database"] == "ok"
    assert (lives.status_code, alone.status_code) == (200, 429)
    assert wait_for_status(replicas[0], 200)["checks"]["redis"] == "ok"
    assert replicas[0].stop() == 0
    assert "203.0.113.9" not in replicas[0].output  # from a proxy that is not believed


def wait_for_status(server, status: int) -> dict[str, dict[str, str]]:
    for _ in range(100):
        ready = server.client.get("/readyz")
        if ready.status_code == status:
            return ready.json()
        time.sleep(0.1)
    raise AssertionError(ready.text)


def wait_for_the_middle_of_an_hour() -> None:
    """A window that ends during the test would give each call a second chance."""
    left = 3600 - time.time() % 3600
    if left < 10:
        time.sleep(left)
