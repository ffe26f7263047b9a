"""Files that hold records until the database has them.

Each process owns one folder: a lock file and numbered segments. A line is written with one `write` call before the
caller is answered, so it survives the death of the process (not of the machine). Whoever holds the lock of a folder
owns it; a folder whose lock is free belonged to a process that died, and is adopted by the next one to look.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOCK = "lock"
SEGMENT_SUFFIX = ".jsonl"
CHUNK_BYTES = 256 * 1024  # read and stored at once; more would hold the event loop for too long


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines from one segment, and where they end in it."""

    segment: Path
    end: int
    size: int  # bytes from where the reading began
    lines: tuple[bytes, ...]
    torn: bool = False  # the segment ends in half a line, which is not among the lines


class SpoolFolder:
    """The segments of one process, read from the oldest on. Owns the folder's lock until closed."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock
        self._offset = 0  # what is before it in the oldest segment is stored

    def segments(self) -> list[Path]:
        """Return the segments, oldest first."""
        return sorted(self.folder.glob(f"*{SEGMENT_SUFFIX}"))

    def pending_bytes(self) -> int:
        """Return how many bytes wait on disk."""
        return sum(path.stat().st_size for path in self.segments()) - self._offset

    def read(self, *, growing: Path | None = None) -> Chunk | None:
        """Return the next lines, or None when there are none. `growing` is the segment still written to."""
        for segment in self.segments():
            chunk = self._read_segment(segment, closed=segment != growing)
            if chunk is not None:
                return chunk
            if segment == growing:
                return None
            self._finish(segment)
        return None

    def commit(self, chunk: Chunk) -> None:
        """Forget lines that are stored."""
        self._offset = chunk.end

    def close(self) -> None:
        """Give the folder up; remove it when nothing is left in it."""
        if not any(path.stat().st_size for path in self.segments()):
            self.remove()
        os.close(self._lock)

    def remove(self) -> None:
        """Delete the folder and everything in it."""
        for path in (*self.segments(), self.folder / LOCK):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _finish(self, segment: Path) -> None:
        segment.unlink()
        self._offset = 0

    def _read_segment(self, segment: Path, *, closed: bool) -> Chunk | None:
        with segment.open("rb") as file:
            file.seek(self._offset)
            data = file.read(CHUNK_BYTES)
            while data and b"\n" not in data[-CHUNK_BYTES:] and (more := file.read(CHUNK_BYTES)):
                data += more
        whole = data.rfind(b"\n") + 1
        torn = closed and whole == 0 and bool(data)
        if whole == 0 and not torn:
            return None
        size = len(data) if torn else whole
        return Chunk(segment, self._offset + size, size, tuple(data[:whole].split(b"\n")[:-1]), torn=torn)


class Spool(SpoolFolder):
    """The folder that this process writes to."""

    def __init__(self, folder: Path, lock: int, segment_bytes: int) -> None:
        super().__init__(folder, lock)
        self._segment_bytes = segment_bytes
        self._number = 0
        self._written = 0
        self._segment, self._file = self._next_segment()

    @classmethod
    def create(cls, root: Path, segment_bytes: int) -> "Spool":
        """Make a folder below `root` that no other process can take for a dead one's."""
        name = uuid.uuid4().hex
        hidden = root / f".{name}"
        hidden.mkdir(parents=True)
        lock = _lock(hidden / LOCK)
        assert lock is not None, "a new file is locked by nobody"  # noqa: S101 - states why the type holds
        return cls(hidden.rename(root / name), lock, segment_bytes)

    def append(self, line: bytes) -> None:
        """Write one line.

        Raises:
            OSError: the disk took nothing or only a part; the part is skipped when the spool is read.
        """
        if self._written >= self._segment_bytes:
            self._rotate()
        written = os.write(self._file, line)
        self._written += written
        if written != len(line):
            self._rotate()  # half a line may only stand at the end of a segment
            msg = f"only {written} of {len(line)} bytes were written"
            raise OSError(msg)

    def next(self) -> Chunk | None:
        """Return the next lines that are not stored."""
        return self.read(growing=self._segment)

    def close(self) -> None:
        """Stop writing and give the folder up; whatever was not stored stays for the next process."""
        os.close(self._file)
        drained = self.pending_bytes() == 0
        if drained:
            self.remove()
        super().close()

    def _rotate(self) -> None:
        os.close(self._file)
        self._segment, self._file = self._next_segment()

    def _next_segment(self) -> tuple[Path, int]:
        self._number += 1
        self._written = 0
        path = self.folder / f"{self._number:08d}{SEGMENT_SUFFIX}"
        return path, os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)


def adopt_dead(root: Path) -> Iterator[SpoolFolder]:
    """Yield the folders below `root` whose processes are gone, now owned by the caller."""
    for path in sorted(root.glob(f"[!.]*/{LOCK}")):  # a leading dot: its process is just making it
        lock = _lock(path)
        if lock is not None:
            yield SpoolFolder(path.parent, lock)


def _lock(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:  # its owner removed the folder a moment ago
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
