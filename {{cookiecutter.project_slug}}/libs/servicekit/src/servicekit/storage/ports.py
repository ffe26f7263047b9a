"""What a service needs from a store of large objects."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

Content: TypeAlias = bytes | Path | AsyncIterable[bytes]
"""What can be stored: bytes, a file, or a stream of unknown length."""


class ObjectNotFound(Exception):
    """There is no object of this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no object {key}")
        self.key = key


class InvalidKey(ValueError):
    """The key could mean something outside the store."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's key and facts."""

    key: str
    size: int
    """In bytes."""
    modified_at: datetime


class ObjectStorage(Protocol):
    """Objects by key (`datasets/0192…/data.parquet`). An object appears whole or not at all."""

    async def put(self, key: str, content: Content) -> int:
        """Store an object, replacing an older one; return its size in bytes. A failing stream leaves nothing."""
        ...

    def get(self, key: str) -> AsyncIterator[bytes]:
        """Stream an object in chunks; ObjectNotFound before the first one."""
        ...

    async def download(self, key: str, path: Path) -> None:
        """Write an object to a file, which appears only when it is complete."""
        ...

    async def size(self, key: str) -> int:
        """Return an object's size in bytes; ObjectNotFound."""
        ...

    async def exists(self, key: str) -> bool:
        """Whether there is an object of this key."""
        ...

    def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Yield the objects below a prefix, which ends at a slash: `datasets/7` does not match `datasets/71/…`."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        ...

    async def ping(self) -> None:
        """Raise unless the store answers."""
        ...
