"""Receiving files: checked, hashed and put into the storage before any transaction begins."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from rag.documents.errors import DocumentsRefused, Refusal
from rag.documents.names import NAMELESS, clean_name, is_broken
from rag.documents.settings import IngestionSettings
from rag.documents.storage import content_key
from servicekit.database import uuid7
from servicekit.storage import ObjectStorage

PIECE_BYTES = 1024 * 1024
LONGEST_TYPE = 255
UNKNOWN_TYPE = "application/octet-stream"


class IncomingFile(Protocol):
    """A file of a form, as FastAPI gives it."""

    @property
    def filename(self) -> str | None: ...  # noqa: D102 - FastAPI's own
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def content_type(self) -> str | None: ...  # noqa: D102
    async def read(self, size: int = -1) -> bytes: ...  # noqa: D102
    async def seek(self, offset: int) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Received:
    """A file that lies in the storage, as the content of a revision that does not exist yet."""

    revision: UUID
    name: str
    media_type: str
    size: int
    sha256: str


class Inbox:
    """Takes the files of an upload."""

    def __init__(self, storage: ObjectStorage, settings: IngestionSettings) -> None:
        self._storage = storage
        self._settings = settings

    async def receive(self, files: Sequence[IncomingFile]) -> tuple[list[Received], list[Refusal]]:
        """Store the files that can be taken, and say of the others why not; DocumentsRefused when none can."""
        received: list[Received] = []
        refused = [_one_too_many(file, self._settings.max_files) for file in files[self._settings.max_files :]]
        try:
            for file in files[: self._settings.max_files]:
                taken = await self._take(file)
                (received if isinstance(taken, Received) else refused).append(taken)  # type: ignore[arg-type]
        except BaseException:
            await self.discard(received)
            raise
        if not received:
            raise DocumentsRefused(refused)
        return received, refused

    async def discard(self, received: Iterable[Received]) -> None:
        """Remove files that became no revision. What a killed process leaves is found by the sweep."""
        for file in received:
            await self._storage.delete(content_key(file.revision))

    async def _take(self, file: IncomingFile) -> Received | Refusal:
        name = clean_name(file.filename or "")
        if is_broken(file.filename or "", file.headers.get("content-disposition", "")):
            return _broken_name(name.strip('"') or NAMELESS)
        digest, size = hashlib.sha256(), 0
        async for piece in _pieces(file):
            digest.update(piece)
            size += len(piece)
            if size > self._settings.max_file_bytes:
                return _too_large(name, self._settings.max_file_bytes)
        if not size:
            return Refusal(name, "no_text", "The file is empty.", "Upload a file with text in it.")
        await file.seek(0)
        revision = uuid7()
        await self._storage.put(content_key(revision), _pieces(file))
        return Received(revision, name, _media_type(file), size, digest.hexdigest())


async def _pieces(file: IncomingFile) -> AsyncIterator[bytes]:
    while piece := await file.read(PIECE_BYTES):
        yield piece


def _media_type(file: IncomingFile) -> str:
    said = (file.content_type or "").partition(";")[0].strip().lower()
    return said if said.isprintable() and 0 < len(said) <= LONGEST_TYPE else UNKNOWN_TYPE


def _broken_name(name: str) -> Refusal:
    detail = "The file's name (`filename` in the part `files`) has a line break in it, or no end."
    return Refusal(name, "invalid_name", detail, "Rename the file, and send its name on one line.")


def _too_large(name: str, limit: int) -> Refusal:
    return Refusal(name, "too_large", f"The file is larger than {limit} bytes.", "Split it into smaller documents.")


def _one_too_many(file: IncomingFile, limit: int) -> Refusal:
    name = clean_name(file.filename or "")
    return Refusal(name, "too_many_files", f"An upload takes {limit} files.", "Send it in another upload.")
