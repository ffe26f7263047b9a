"""A guarded look into a ZIP archive: what it declares is checked first, and what it really holds is counted."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rag.parsing import refusals
from rag.parsing.limits import ParsingLimits

PIECE_BYTES = 64 * 1024
ENCRYPTED_FLAG = 0x1
SMALL_BYTES = 4 * 1024**2
"""Below this size the ratio of sizes says nothing: a short text of spaces is no bomb."""


class Archive:
    """The members of a DOCX file. None of them is ever written to disk, and archives inside it stay closed."""

    def __init__(self, file: zipfile.ZipFile, limits: ParsingLimits) -> None:
        self._file = file
        self._limits = limits
        self._left = limits.max_unpacked_bytes
        self._names = {info.filename: info for info in file.infolist()}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes. Raises `ParsingRefused` when there are more of them than is allowed, or bad ones."""
        info = self._names[name]
        if info.flag_bits & ENCRYPTED_FLAG:
            raise refusals.encrypted("DOCX")
        allowed = max(SMALL_BYTES, self._limits.max_ratio * max(1, info.compress_size))
        try:
            with self._file.open(info) as member:
                yield from self._counted(member, allowed)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
            raise refusals.corrupt(f"A part of the DOCX file cannot be unpacked ({type(error).__name__}).") from error
        except Exception as error:  # zlib and lzma have errors of their own, which are no public base class
            if type(error).__module__ in ("zlib", "_lzma", "lzma"):
                raise refusals.corrupt("A part of the DOCX file cannot be unpacked.") from error
            raise

    def _counted(self, member: IO[bytes], allowed: int) -> Iterator[bytes]:
        while piece := member.read(PIECE_BYTES):
            self._left -= len(piece)
            allowed -= len(piece)
            if self._left < 0 or allowed < 0:
                raise bomb(self._limits)
            yield piece

    def read(self, name: str) -> bytes:
        """Return a whole member. Raises as `pieces` does."""
        return b"".join(self.pieces(name))


def bomb(limits: ParsingLimits) -> Exception:
    """Say that the archive unpacks to too much."""
    return refusals.too_large(
        f"The DOCX file unpacks to more than {limits.max_unpacked_bytes} bytes or {limits.max_ratio} times its size.",
        "Save it again without embedded files.",
    )


@contextmanager
def open_archive(path: Path, limits: ParsingLimits) -> Iterator[Archive]:
    """Open an archive whose declared sizes are within the limits. Raises `ParsingRefused`."""
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise refusals.corrupt("The file begins like a DOCX file but its list of contents is broken.") from error
    with file:
        members = file.infolist()
        declared = sum(each.file_size for each in members)
        if len(members) > limits.max_members:
            raise refusals.too_large(f"The DOCX file holds {len(members)} files; the limit is {limits.max_members}.")
        ratio = declared / max(1, path.stat().st_size)
        if declared > limits.max_unpacked_bytes or (declared > SMALL_BYTES and ratio > limits.max_ratio):
            raise bomb(limits)
        yield Archive(file, limits)
