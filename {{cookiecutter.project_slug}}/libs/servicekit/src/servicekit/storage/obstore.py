"""The adapter over obstore, which speaks to folders, S3, Google Cloud Storage and memory alike."""

from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

import anyio
import obstore
from obstore.exceptions import NotFoundError
from obstore.store import ObjectStore

from servicekit.storage.keys import check_key, check_prefix
from servicekit.storage.ports import Content, ObjectNotFound, StoredObject

CHUNK_BYTES = 8 * 1024 * 1024
"""Size of a part on the way up (S3 allows 10,000 parts, so 80 GB) and of a piece on the way down."""
PARTS_IN_FLIGHT = 4
"""Parts uploaded at once: an upload needs about this many times `CHUNK_BYTES` of memory, whatever the object's size."""


class ObstoreStorage:
    """Objects in any store that obstore knows."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, content: Content) -> int:
        """Store an object; a stream that fails leaves nothing, or the older object."""
        check_key(key)
        counted = _Counted(content)
        await obstore.put_async(
            self._store, key, counted.source, chunk_size=CHUNK_BYTES, max_concurrency=PARTS_IN_FLIGHT
        )
        return counted.size

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Stream an object."""
        check_key(key)
        try:
            found = await obstore.get_async(self._store, key)
        except _ABSENT:
            raise ObjectNotFound(key) from None
        async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)

    async def download(self, key: str, path: Path) -> None:
        """Write an object beside the target, then move it there."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            async with await anyio.open_file(partial, "wb") as file:
                async for chunk in self.get(key):
                    await file.write(chunk)
            await anyio.Path(partial).replace(path)
        finally:
            await anyio.Path(partial).unlink(missing_ok=True)

    async def size(self, key: str) -> int:
        """Ask for the object's facts."""
        try:
            return (await obstore.head_async(self._store, check_key(key)))["size"]
        except _ABSENT:
            raise ObjectNotFound(key) from None

    async def exists(self, key: str) -> bool:
        """Whether the store has facts about the object."""
        try:
            await self.size(key)
        except ObjectNotFound:
            return False
        return True

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Yield page by page."""
        async for objects in obstore.list(self._store, check_prefix(prefix)):
            for found in objects:
                yield StoredObject(found["path"], found["size"], found["last_modified"])

    async def delete(self, key: str) -> None:
        """Remove an object."""
        try:
            await obstore.delete_async(self._store, check_key(key))
        except _ABSENT:
            return

    async def ping(self) -> None:
        """Ask for one page of the list: the cheapest request that needs the bucket and the credentials."""
        async for _ in obstore.list(self._store, chunk_size=1):
            return


_ABSENT = (NotFoundError, FileNotFoundError)  # some operations on a folder raise Python's own error


class _Counted:
    """Content as obstore takes it, and how many bytes of it have passed."""

    def __init__(self, content: Content) -> None:
        self.size = 0
        self.source: bytes | Path | AsyncIterable[bytes]
        if isinstance(content, bytes):
            self.size, self.source = len(content), content
        elif isinstance(content, Path):
            self.size, self.source = content.stat().st_size, content
        else:
            self.source = self._count(content)

    async def _count(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self.size += len(chunk)
            yield chunk
