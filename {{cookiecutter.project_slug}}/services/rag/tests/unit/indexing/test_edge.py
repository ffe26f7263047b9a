"""The embedded store: one process, several event loops, and a kill at any moment."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from index_doubles import point, query

from rag.indexing.edge import EdgeVectorIndex
from rag.indexing.edge_folder import MOST_UNFLUSHED, IndexInUse
from rag.indexing.ports import IndexUnavailable

NAME = "rag-edge"
WRITER = """
import asyncio, os, sys
from pathlib import Path
from index_doubles import point
from rag.indexing.edge import EdgeVectorIndex

async def main():
    index = EdgeVectorIndex(Path(sys.argv[1]))
    await index.create("rag-edge", 8)
    for number in range(50):
        await index.upsert("rag-edge", [point(f"word{number}")])
        print(number + 1, flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


async def test_all_of_one_process_share_the_folder_whatever_loop_they_are_on(tmp_path: Path) -> None:
    ours = EdgeVectorIndex(tmp_path)
    await ours.create(NAME, 8)

    def in_a_thread() -> None:
        async def write() -> None:
            theirs = EdgeVectorIndex(tmp_path / "x" / "..")
            await theirs.upsert(NAME, [point("shared")])
            await theirs.close()

        asyncio.run(write())

    threads = [threading.Thread(target=in_a_thread) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)

    assert await ours.count(NAME, "acme") == 3
    await ours.close()
    await ours.close()
    again = EdgeVectorIndex(tmp_path)
    assert await again.count(NAME, "acme") == 3
    await again.close()


def writer(folder: Path) -> "subprocess.Popen[str]":
    paths = [str(Path(__file__).parent), *filter(None, sys.path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", WRITER, str(folder)]
    return subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


async def test_another_process_is_refused_and_what_a_killed_one_has_acknowledged_is_there(tmp_path: Path) -> None:
    process = writer(tmp_path)
    assert process.stdout is not None
    assert process.stdin is not None
    written = 0
    while written < 20:
        written = int(await asyncio.to_thread(process.stdout.readline))
    index = EdgeVectorIndex(tmp_path)
    with pytest.raises(IndexInUse, match="INDEX__URL"):
        await index.ping()

    process.kill()
    acknowledged = max([written, *map(int, (await asyncio.to_thread(process.stdout.read)).split())])
    await asyncio.to_thread(process.wait)
    process.stdin.close()
    process.stdout.close()

    assert await index.count(NAME, "acme") >= acknowledged >= 20
    assert len(await index.search(NAME, query("word7", limit=1))) == 1
    await index.close()


async def test_the_write_ahead_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    class Shard:
        updates = flushes = 0

        def update(self, _operation: object) -> None:
            self.updates += 1

        def flush(self) -> None:
            self.flushes += 1

        def close(self) -> None: ...

    shard = Shard()
    index = EdgeVectorIndex(tmp_path)
    await index.ping()
    index._folder._shards[NAME] = shard  # type: ignore[assignment, union-attr]  # in place of the engine's
    for number in range(MOST_UNFLUSHED - 1):
        await index.upsert(NAME, [point(f"word{number}")])
    assert (shard.updates, shard.flushes) == (MOST_UNFLUSHED - 1, 0)
    await index.upsert(NAME, [point("one more")])
    assert shard.flushes == 1
    await index.upsert(NAME, [point("and another")])
    await index.flush(NAME)
    assert (shard.updates, shard.flushes) == (MOST_UNFLUSHED + 1, 2)
    await index.close()


async def test_a_half_made_collection_is_no_collection(tmp_path: Path) -> None:
    (tmp_path / f"-{NAME}").mkdir()
    (tmp_path / f"-{NAME}" / "garbage").write_text("left by a kill")
    index = EdgeVectorIndex(tmp_path)

    assert await index.collections() == []
    await index.create(NAME, 8)
    assert await index.count(NAME, "acme") == 0
    await index.close()


@pytest.mark.parametrize("name", ["../outside", "", "UPPER", ".lock", "a/b"])
async def test_a_collection_cannot_lie_elsewhere(tmp_path: Path, name: str) -> None:
    index = EdgeVectorIndex(tmp_path / "index")
    with pytest.raises(IndexUnavailable):
        await index.create(name, 8)
    await index.close()


async def test_a_damaged_collection_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    index = EdgeVectorIndex(tmp_path)

    with pytest.raises(IndexUnavailable):
        await index.count(NAME, "acme", uuid4())
    await index.close()
