"""Which files of a folder are documents, and what they are called."""

from collections.abc import Iterator
from pathlib import Path

SUFFIXES = frozenset({".pdf", ".docx", ".html", ".htm", ".md", ".markdown", ".txt"})
MOST_FILES = 20
MOST_BYTES = 64 * 1024 * 1024
Named = tuple[str, Path]


def find_documents(folder: Path) -> list[Named]:
    """Return the documents below a folder in the order of their names: their paths in it. Hidden files are left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if not hidden and path.suffix.lower() in SUFFIXES and path.is_file():
            found.append((relative.as_posix(), path))
    return found


def portions(files: list[Named]) -> Iterator[list[Named]]:
    """Cut a list of files so that each part makes one upload of moderate size."""
    portion: list[Named] = []
    size = 0
    for name, path in files:
        length = path.stat().st_size
        if portion and (len(portion) == MOST_FILES or size + length > MOST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append((name, path))
        size += length
    if portion:
        yield portion
