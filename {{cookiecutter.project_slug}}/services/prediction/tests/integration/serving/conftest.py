"""A server on a port of this machine, for tests that need real connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from fastapi import FastAPI

from servicekit.http.server import bounded_protocol


@pytest.fixture
async def server_url(app: FastAPI) -> AsyncIterator[str]:
    """The address of the running application."""
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, http=bounded_protocol(65536))
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task
