"""One set of expectations for every kind of store. S3 and GCS are played by moto's server on this machine."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import anyio
import httpx2
import pytest
from moto.server import ThreadedMotoServer

from servicekit.settings import ServiceSettings
from servicekit.storage import InvalidKey, ObjectNotFound, ObjectStorage, make_storage
from servicekit.testkit.settings import make_settings

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="session")
def cloud() -> Iterator[str]:
    """The address of a server that speaks S3's protocol; Google's XML API is the same for what is used here."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def cloud_settings(scheme: str, cloud: str, folder: Path) -> ServiceSettings:
    bucket = f"bucket{uuid4().hex[:8]}"
    httpx2.put(f"{cloud}/{bucket}").raise_for_status()
    return make_settings(
        ServiceSettings,
        folder,
        storage__url=f"{scheme}://{bucket}/some/prefix",
        storage__endpoint=cloud,
        storage__region="eu-west-1",
        storage__access_key_id="key",
        storage__secret_access_key="secret",
    )


@pytest.fixture(params=["folder", "memory", "s3", "gs"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStorage:
    match request.param:
        case "folder":
            return make_storage(make_settings(ServiceSettings, tmp_path))
        case "memory":
            return make_storage(make_settings(ServiceSettings, tmp_path, storage__url="memory://"))
        case cloud:
            return make_storage(cloud_settings(cloud, request.getfixturevalue("cloud"), tmp_path))


async def read(storage: ObjectStorage, key: str) -> bytes:
    return b"".join([chunk async for chunk in storage.get(key)])


async def keys(storage: ObjectStorage, prefix: str = "") -> list[str]:
    return sorted([found.key async for found in storage.list(prefix)])


async def stream(*chunks: bytes, fail: bool = False) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk
    if fail:
        raise OSError("the client went away")


async def test_keeps_bytes_files_and_streams(storage: ObjectStorage, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"from a file")
    assert await storage.put("a/bytes", b"as bytes") == 8
    assert await storage.put("a/file", tmp_path / "source") == 11
    assert await storage.put("a/stream", stream(b"in ", b"pieces")) == 9
    assert await storage.put("a/empty", b"") == 0
    contents = [await read(storage, f"a/{name}") for name in ("bytes", "file", "stream", "empty")]
    assert contents == [b"as bytes", b"from a file", b"in pieces", b""]
    assert [await storage.size(f"a/{name}") for name in ("bytes", "stream")] == [8, 9]


async def test_replaces_an_older_object(storage: ObjectStorage) -> None:
    await storage.put("a", b"old and long")
    await storage.put("a", b"new")
    assert (await read(storage, "a"), await storage.size("a")) == (b"new", 3)


async def test_an_object_of_several_parts_comes_back_whole(storage: ObjectStorage, tmp_path: Path) -> None:
    pieces = [bytes([number]) * MEBIBYTE for number in range(20)]
    assert await storage.put("large", stream(*pieces)) == 20 * MEBIBYTE
    await storage.download("large", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"".join(pieces)


async def test_a_stream_that_fails_leaves_the_older_object(storage: ObjectStorage) -> None:
    await storage.put("a", b"old")
    with pytest.raises(OSError, match="the client went away"):
        await storage.put("a", stream(b"x" * 9 * MEBIBYTE, fail=True))
    with pytest.raises(OSError, match="the client went away"):
        await storage.put("b", stream(b"x", fail=True))
    assert await read(storage, "a") == b"old"
    assert await keys(storage) == ["a"]


async def test_lists_what_is_below_a_prefix_and_nothing_beside_it(storage: ObjectStorage) -> None:
    for key in ("sets/7/a", "sets/7/b/c", "sets/71/a", "other"):
        await storage.put(key, b"1")
    assert await keys(storage, "sets/7/") == ["sets/7/a", "sets/7/b/c"]
    assert await keys(storage, "sets/7") == ["sets/7/a", "sets/7/b/c"]
    assert await keys(storage, "none") == []
    assert await keys(storage) == ["other", "sets/7/a", "sets/7/b/c", "sets/71/a"]


async def test_deletes_and_does_not_mind_doing_it_twice(storage: ObjectStorage) -> None:
    await storage.put("a", b"1")
    assert await storage.exists("a")
    await storage.delete("a")
    await storage.delete("a")
    assert not await storage.exists("a")


async def test_an_object_that_is_not_there_is_named(storage: ObjectStorage, tmp_path: Path) -> None:
    with pytest.raises(ObjectNotFound, match="no object a/b"):
        await read(storage, "a/b")
    with pytest.raises(ObjectNotFound):
        await storage.size("a/b")
    with pytest.raises(ObjectNotFound):
        await storage.download("a/b", tmp_path / "copy")
    assert not [path async for path in anyio.Path(tmp_path).glob("*copy*")]


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\\b", "a\0b", "a b", "é", "x" * 600]
)
async def test_a_key_that_could_mean_something_else_is_refused(
    storage: ObjectStorage, key: str, tmp_path: Path
) -> None:
    for attempt in (storage.put(key, b"1"), read(storage, key), storage.size(key), storage.delete(key)):
        with pytest.raises(InvalidKey):
            await attempt


async def test_answers_when_asked_whether_it_is_there(storage: ObjectStorage) -> None:
    await storage.ping()
    await storage.put("a", b"1")
    await storage.ping()


async def test_a_store_that_is_away_fails_the_ping(tmp_path: Path) -> None:
    away = make_settings(
        ServiceSettings,
        tmp_path,
        storage__url="s3://bucket",
        storage__endpoint="http://127.0.0.1:1",
        storage__region="x",
    )
    with pytest.raises(Exception, match=r"error|Error"):
        await asyncio.wait_for(make_storage(away).ping(), 30)


async def test_an_object_larger_than_memory_passes_through_bounded_memory(tmp_path: Path) -> None:
    storage = make_storage(make_settings(ServiceSettings, tmp_path))
    chunk = b"x" * 4 * MEBIBYTE

    async def many() -> AsyncIterator[bytes]:
        for _ in range(128):
            yield chunk

    await storage.put("small", stream(chunk))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await storage.put("large", many()) == 512 * MEBIBYTE
    async for _ in storage.get("large"):
        pass
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 200, f"memory grew by {grown:.0f} MiB for an object of 512 MiB"


@pytest.mark.parametrize("url", ["ftp://host/x", "azure://container"])
def test_an_unknown_kind_of_store_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="STORAGE__URL must begin with"):
        make_storage(make_settings(ServiceSettings, tmp_path, storage__url=url))
