"""The bundle: the folder of files a model version consists of, and the checks before any of them is used.

A bundle is refused, never repaired. `manifest.json` lists the SHA-256 and size of every other file; the registry keeps
the SHA-256 of the manifest itself, so changing any byte of any file is noticed.
"""

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

MANIFEST = "manifest.json"
SCHEMA = "schema.json"
ONNX = "model.onnx"
SKOPS = "model.skops"
REFERENCE = "reference.json"
CARD_JSON = "card.json"
CARD_MARKDOWN = "card.md"
FILES = frozenset({SCHEMA, ONNX, SKOPS, REFERENCE, CARD_JSON, CARD_MARKDOWN})
MANIFEST_LIMIT_BYTES = 64 * 1024
BUNDLE_LIMIT_BYTES = 1024**3


class BundleRefused(Exception):
    """A bundle that must not be used; `code` says which check failed."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class FileEntry(BaseModel):
    """What the manifest says about one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    size: int


class Manifest(BaseModel):
    """The list of a bundle's files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    files: dict[str, FileEntry]


def seal(folder: Path) -> str:
    """Write the manifest of a finished bundle and return the manifest's SHA-256."""
    entries = {
        name: FileEntry(sha256=file_sha256(folder / name), size=(folder / name).stat().st_size) for name in FILES
    }
    manifest = Manifest(files=dict(sorted(entries.items())))
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    return file_sha256(folder / MANIFEST)


def verify(folder: Path, expected_sha256: str, *, limit_bytes: int = BUNDLE_LIMIT_BYTES) -> Manifest:
    """Check that a folder is exactly the bundle that was sealed; raise `BundleRefused` otherwise."""
    manifest = _read_manifest(folder, expected_sha256)
    present = {path.name for path in folder.iterdir()}
    if present != FILES | {MANIFEST} or set(manifest.files) != FILES:
        strange = sorted(present ^ (FILES | {MANIFEST}) | set(manifest.files) ^ FILES)
        raise BundleRefused("wrong_files", f"a bundle has a fixed set of files; extra or missing: {', '.join(strange)}")
    for name, entry in manifest.files.items():
        _check_file(folder / name, entry)
    total = sum(entry.size for entry in manifest.files.values())
    if total > limit_bytes:
        raise BundleRefused("too_large", f"the bundle has {total} bytes, the limit is {limit_bytes}")
    for name, entry in manifest.files.items():
        if file_sha256(folder / name) != entry.sha256:
            raise BundleRefused("changed_file", f"{name} is not the file that was registered")
    return manifest


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text, reading it in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(folder: Path, expected_sha256: str) -> Manifest:
    path = folder / MANIFEST
    if not path.is_file() or path.is_symlink() or path.stat().st_size > MANIFEST_LIMIT_BYTES:
        raise BundleRefused("no_manifest", f"{MANIFEST} is absent, a link or too large")
    if file_sha256(path) != expected_sha256:
        raise BundleRefused("changed_manifest", f"{MANIFEST} is not the one that was registered")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BundleRefused("bad_manifest", f"{MANIFEST} cannot be read: {error.error_count()} errors") from error


def _check_file(path: Path, entry: FileEntry) -> None:
    if path.is_symlink() or not path.is_file():
        raise BundleRefused("wrong_files", f"{path.name} is not a regular file")
    if path.stat().st_size != entry.size:
        raise BundleRefused("changed_file", f"{path.name} does not have the size that was registered")
