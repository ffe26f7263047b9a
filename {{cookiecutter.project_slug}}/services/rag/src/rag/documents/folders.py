"""Which files of a folder are documents, and what they are called."""

from collections.abc import Iterator
from pathlib import Path

SUFFIXES = frozenset({".pdf", ".docx", ".html", ".htm", ".md", ".markdown", ".txt"})
PROJECT_FILES = ("README.md", "docs/**/*.md", "libs/*/README.md")
"""This project's own documentation: the first documents, and what the golden questions are about."""
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


def project_documents(root: Path) -> list[Named]:
    """Return a project's own documentation in the order of the names: the paths in the project."""
    paths = {path for pattern in PROJECT_FILES for path in root.glob(pattern)}
    return sorted((path.relative_to(root).as_posix(), path) for path in paths)


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
