"""Fixtures: Redis, played by fakeredis unless a server is given."""

import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import fakeredis
import pytest
from fakeredis import FakeAsyncRedis, TcpFakeServer
from redis import Redis


@pytest.fixture
async def redis() -> AsyncIterator[FakeAsyncRedis]:
    """An asyncio client on an empty Redis of this test alone, in this process."""
    client = FakeAsyncRedis(server=fakeredis.FakeServer())
    yield client
    await client.aclose()


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The address of an empty Redis of this test alone, which other processes can use.

    The server of TEST_REDIS_URL, whose database is emptied, or fakeredis on a port of this machine.
    """
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        with Redis.from_url(given) as client:
            client.flushdb()
        yield given
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{port}/0"
    server.shutdown()
    server.server_close()
    thread.join()
