"""Vectors by content: the same text under the same fingerprint is embedded once, also in another process or later."""

import logging
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from llmkit.embeddings.ports import Embedder
from servicekit.database.sqlite import open_sqlite

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL);
"""
_ROW_OVERHEAD = 100
"""Bytes of a row beside its vector, index included."""
_CHECK_EVERY = 20
"""Writes between two looks at the size."""
_KEYS_AT_ONCE = 500
_PATIENCE_SECONDS = 5.0


class VectorCache:
    """A SQLite file of vectors that never grows beyond a bound; the oldest go first.

    Several processes may share it. Any fault of it is a miss: vectors can be made again.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._writes = 0
        self._connection: sqlite3.Connection | None = None

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what is known of these keys."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            part = keys[start : start + _KEYS_AT_ONCE]
            marks = ",".join("?" * len(part))
            found.update(self._run(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part))  # noqa: S608 - only marks
        return found

    def put(self, vectors: Mapping[bytes, bytes]) -> None:
        """Remember vectors."""
        self._run_many("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", list(vectors.items()))
        self._writes += 1
        if self._writes % _CHECK_EVERY == 1 and vectors:
            self._shrink(len(next(iter(vectors.values()))))

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _shrink(self, vector_bytes: int) -> None:
        most = max(1, self._max_bytes // (vector_bytes + _ROW_OVERHEAD))
        rows = self._run("SELECT count(*) FROM vectors", ())
        count = int(rows[0][0]) if rows else 0
        if count > most:
            # a tenth more than needed, so that it is not done at every check
            surplus = count - most + most // 10
            self._run_many(
                "DELETE FROM vectors WHERE number IN (SELECT number FROM vectors ORDER BY number LIMIT ?)", [(surplus,)]
            )

    def _run(self, statement: str, values: Sequence[object]) -> list[Any]:  # sqlite3's rows have no type
        try:
            with self._lock:
                return self._open().execute(statement, list(values)).fetchall()
        except sqlite3.Error as error:
            self._failed(error)
            return []

    def _run_many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        try:
            with self._lock, self._open() as connection:
                connection.executemany(statement, rows)
        except sqlite3.Error as error:
            self._failed(error)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = open_sqlite(str(self._path), timeout=_PATIENCE_SECONDS, check_same_thread=False)
            connection.executescript(_SCHEMA)
            self._connection = connection
        return self._connection

    def _failed(self, error: sqlite3.Error) -> None:
        log.warning("embedding_cache_failed", extra={"error": type(error).__name__})
        self.close()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            for suffix in ("", "-wal", "-shm"):  # not a database, or a broken one: begin anew
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)


class CachedEmbedder:
    """An embedder in front of which a cache stands."""

    def __init__(self, inner: Embedder, cache: VectorCache, *, batch_size: int) -> None:
        self.inner = inner
        self._cache = cache
        self._batch_size = batch_size

    @property
    def fingerprint(self) -> str:
        """That of the embedder behind it."""
        return self.inner.fingerprint

    @property
    def dimensions(self) -> int:
        """Those of the embedder behind it."""
        return self.inner.dimensions

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors; each batch of new ones is kept as soon as it is there."""
        keys = [self._key("passage", text) for text in texts]
        known = await anyio.to_thread.run_sync(self._cache.get, list(dict.fromkeys(keys)))
        missing = list({key: text for key, text in zip(keys, texts, strict=True) if key not in known}.items())
        for start in range(0, len(missing), self._batch_size):
            batch = missing[start : start + self._batch_size]
            vectors = await self.inner.embed_documents([text for _, text in batch])
            made = {key: vector.tobytes() for (key, _), vector in zip(batch, vectors, strict=True)}
            await anyio.to_thread.run_sync(self._cache.put, made)
            known |= made
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([np.frombuffer(known[key], dtype=np.float32) for key in keys])

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the unit vector of a query."""
        key = self._key("query", text)
        known = await anyio.to_thread.run_sync(self._cache.get, [key])
        if key in known:
            return np.frombuffer(known[key], dtype=np.float32)
        vector = await self.inner.embed_query(text)
        await anyio.to_thread.run_sync(self._cache.put, {key: vector.tobytes()})
        return vector

    async def aclose(self) -> None:
        """Close the file of the cache."""
        self._cache.close()

    def _key(self, role: str, text: str) -> bytes:
        named = f"{self.fingerprint}\0{self.dimensions}\0{role}\0{text}"
        return blake2b(named.encode("utf-8", "surrogatepass"), digest_size=20).digest()
