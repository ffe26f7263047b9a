"""A server that is away, silent, or nonsense."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from rag.indexing.edge import EdgeVectorIndex
from rag.indexing.factory import make_index
from rag.indexing.ports import IndexUnavailable
from rag.indexing.server import ServerVectorIndex
from rag.indexing.settings import IndexSettings


@asynccontextmanager
async def listening(answer: bytes | None, heard: list[bytes] | None = None) -> AsyncIterator[str]:
    """An HTTP server that gives one answer to everything, or none at all."""

    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(request)
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        server.close()
        await server.wait_closed()


def index_at(url: str, timeout: float = 1) -> ServerVectorIndex:
    return ServerVectorIndex.from_settings(IndexSettings(url=url, timeout_seconds=timeout, api_key="dev-key"))


async def test_a_server_that_is_away_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        index = index_at(f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(IndexUnavailable):
            await index.ping()
    await index.close()


async def test_a_server_that_does_not_answer_is_given_up_in_time() -> None:
    async with listening(None) as url:
        index = index_at(url)
        began = time.monotonic()
        with pytest.raises(IndexUnavailable):
            await index.count("rag-x", "acme")
        assert time.monotonic() - began < 10
        await index.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{x}",
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nrefused",
        b"nonsense",
    ],
)
async def test_an_answer_that_is_no_answer_is_unavailable(answer: bytes) -> None:
    async with listening(answer) as url:
        index = index_at(url)
        with pytest.raises(IndexUnavailable):
            await index.collections()
        await index.close()


async def test_the_key_is_sent() -> None:
    heard: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 47\r\n\r\n"
    body = b'{"result": {"collections": [{"name": "rag-x"}]}}'
    async with listening(answer.replace(b"47", str(len(body)).encode()) + body, heard) as url:
        index = index_at(url)
        assert await index.collections() == ["rag-x"]
        await index.close()

    assert b"api-key: dev-key" in heard[0].lower()


def test_the_settings_choose_the_store(tmp_path) -> None:
    assert isinstance(make_index(IndexSettings(), tmp_path), EdgeVectorIndex)
    assert isinstance(make_index(IndexSettings(url="http://qdrant:6333"), tmp_path), ServerVectorIndex)
