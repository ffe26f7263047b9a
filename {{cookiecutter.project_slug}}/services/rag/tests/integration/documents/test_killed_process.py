"""A service that is killed in the middle of an ingestion, a replacement and a deletion."""

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from shelves import long_text

from rag.cli import migration_folders
from rag.indexing.edge import EdgeVectorIndex
from servicekit.database import migrate
from servicekit.database.engine import sqlite_url

KEY = "dev-killed"
START_SECONDS = WORK_SECONDS = 180
pytestmark = pytest.mark.timeout(900)


class Server:
    """`python -m rag serve` on a folder of data, with its embedded worker and store."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.data = data
        headers = {"X-API-Key": KEY}
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=30)
        self._environment = os.environ | {
            "ENVIRONMENT": "test",
            "DATA_DIR": str(data),
            "HTTP__PORT": str(self.port),
            "HTTP__DRAIN_SECONDS": "0",
            "AUTH__DEVELOPMENT_KEY": KEY,
            "JOBS__LEASE_SECONDS": "2",
            "JOBS__SWEEP_SECONDS": "0.5",
            "JOBS__TICK_SECONDS": "0.2",
            "CHUNKING__TARGET_TOKENS": "64",
            "INGESTION__BATCH_SIZE": "4",
        }
        self._log = data / "server.log"

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "rag", "serve"]
            self.process = subprocess.Popen(command, env=self._environment, cwd=self.data, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.http.get("/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.1)
        self.kill()
        pytest.fail(f"the server did not start: {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0

    def upload(self, name: str, text: str) -> dict[str, object]:
        answer = self.http.post("/v1/documents", files={"files": (name, text.encode())})
        assert answer.status_code == 202, answer.text
        document: dict[str, object] = answer.json()["items"][0]["document"]
        return document

    def wait_for(self, document: dict[str, object], state: str = "ready") -> dict[str, object]:
        found: dict[str, object] = {}

        def reached() -> bool:
            found.update(self.http.get(f"/v1/documents/{document['id']}").json())
            assert found["state"] != "failed", found
            return found["state"] == state

        until(reached)
        return found

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Read the database beside the service."""
        database = sqlite3.connect(f"file:{self.data / 'rag.db'}?mode=ro", uri=True)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WORK_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    migrate(sqlite_url(tmp_path / "rag.db"), migration_folders())
    server = Server(tmp_path)
    server.start()
    yield server
    server.kill()
    server.http.close()


def chunk_rows(server: Server, name: str) -> list[tuple[object, ...]]:
    return server.rows(
        "SELECT c.ordinal, c.text, c.heading, c.page, c.parent, c.tokens FROM chunks c "
        "JOIN documents d ON d.revision = c.revision_id WHERE d.name = ? ORDER BY c.ordinal",
        name,
    )


def texts(server: Server, document: dict[str, object]) -> list[str]:
    """What a search finds in a document."""
    body = {"query": "sentence about the matter", "limit": 20, "filter": {"documents": [document["id"]]}}
    answer = server.http.post("/v1/search", json=body)
    assert answer.status_code == 200, answer.text
    return [item["text"] for item in answer.json()["items"]]


async def points(server: Server) -> dict[UUID, int]:
    """The points of each revision in the files of the index, which nobody uses now."""
    index = EdgeVectorIndex(server.data / "index")
    (collection,) = await index.collections()
    counted = await index.revisions(collection)
    await index.close()
    return {revision: count for (_, revision), count in counted.items()}


def shown(server: Server) -> dict[UUID, int]:
    rows = server.rows("SELECT d.revision, r.chunks FROM documents d JOIN revisions r ON r.id = d.revision")
    return {UUID(str(revision)): int(str(chunks)) for revision, chunks in rows}


def test_killed_while_it_ingests_replaces_and_deletes_the_end_is_that_of_a_clean_run(server: Server) -> None:
    text = long_text(20)
    server.wait_for(server.upload("clean.md", text))
    clean = chunk_rows(server, "clean.md")
    assert len(clean) > 30

    def killed_in_the_middle(word: str) -> dict[str, object]:
        before = server.rows("SELECT count(*) FROM chunks")[0][0]
        document = server.upload("killed.md", text.replace("alpha", word))
        until(lambda: server.rows("SELECT count(*) FROM chunks")[0][0] >= int(str(before)) + 8)
        server.kill()
        return document

    document = killed_in_the_middle("gamma")
    assert chunk_rows(server, "killed.md") == []  # nothing is shown half
    server.start()
    server.wait_for(document)
    expected = [tuple(str(part).replace("alpha", "gamma") for part in row) for row in clean]
    assert [tuple(map(str, row)) for row in chunk_rows(server, "killed.md")] == expected

    killed_in_the_middle("delta")
    assert all("gamma" in str(row[1]) for row in chunk_rows(server, "killed.md"))  # the old one, whole
    server.start()
    server.wait_for(document)
    assert all("delta" in str(row[1]) for row in chunk_rows(server, "killed.md"))
    until(lambda: server.rows("SELECT count(*) FROM revisions")[0][0] == 2)  # the first is purged
    found = texts(server, document)
    assert found
    assert all("delta" in text for text in found)
    server.stop()
    assert asyncio.run(points(server)) == shown(server)

    server.start()
    assert server.http.delete(f"/v1/documents/{document['id']}").status_code == 204
    server.kill()
    server.start()
    until(lambda: len(list((server.data / "storage").rglob("content"))) == 1)  # the purge is done
    assert texts(server, document) == []
    assert server.rows("SELECT count(*) FROM chunks")[0][0] == len(clean)
    server.stop()
    assert asyncio.run(points(server)) == shown(server)
