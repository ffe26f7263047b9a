from pathlib import Path

import pytest

from prediction.artifacts import bundle
from prediction.artifacts.bundle import BundleRefused, verify


def refused(folder: Path, sha256: str, **limits: int) -> str:
    with pytest.raises(BundleRefused) as refusal:
        verify(folder, sha256, **limits)
    return refusal.value.code


def test_accepts_what_was_sealed(sealed: tuple[Path, str]) -> None:
    assert set(verify(*sealed).files) == bundle.FILES


def test_refuses_a_changed_file(sealed: tuple[Path, str]) -> None:
    folder, sha256 = sealed
    content = bytearray((folder / bundle.ONNX).read_bytes())
    content[-1] ^= 1
    (folder / bundle.ONNX).write_bytes(content)
    assert refused(folder, sha256) == "changed_file"


def test_refuses_a_file_of_another_size(sealed: tuple[Path, str]) -> None:
    folder, sha256 = sealed
    (folder / bundle.SCHEMA).write_text("{}")
    assert refused(folder, sha256) == "changed_file"


def test_refuses_a_changed_manifest(sealed: tuple[Path, str]) -> None:
    folder, sha256 = sealed
    manifest = folder / bundle.MANIFEST
    manifest.write_text(manifest.read_text().replace("}", "} ", 1))
    assert refused(folder, sha256) == "changed_manifest"


def test_refuses_an_absent_linked_or_huge_manifest(sealed: tuple[Path, str]) -> None:
    folder, sha256 = sealed
    manifest = folder / bundle.MANIFEST
    content = manifest.read_bytes()
    manifest.unlink()
    assert refused(folder, sha256) == "no_manifest"
    (folder.parent / "elsewhere").write_bytes(content)
    manifest.symlink_to(folder.parent / "elsewhere")
    assert refused(folder, sha256) == "no_manifest"
    manifest.unlink()
    manifest.write_bytes(content + b" " * bundle.MANIFEST_LIMIT_BYTES)
    assert refused(folder, sha256) == "no_manifest"


@pytest.mark.parametrize("content", ["[]", "{}", '{"files": {"../x": {}}}'])
def test_refuses_a_manifest_that_is_none(sealed: tuple[Path, str], content: str) -> None:
    folder, _ = sealed
    (folder / bundle.MANIFEST).write_text(content)
    assert refused(folder, bundle.file_sha256(folder / bundle.MANIFEST)) in ("bad_manifest", "wrong_files")


def test_refuses_an_extra_file_even_a_pickle_that_is_listed(sealed: tuple[Path, str]) -> None:
    folder, sha256 = sealed
    (folder / "model.pkl").write_bytes(b"\x80\x04.")
    assert refused(folder, sha256) == "wrong_files"
    manifest = bundle.Manifest.model_validate_json((folder / bundle.MANIFEST).read_bytes())
    entry = bundle.FileEntry(sha256=bundle.file_sha256(folder / "model.pkl"), size=3)
    listed = manifest.model_copy(update={"files": {**manifest.files, "model.pkl": entry}})
    (folder / bundle.MANIFEST).write_text(listed.model_dump_json())
    assert refused(folder, bundle.file_sha256(folder / bundle.MANIFEST)) == "wrong_files"


def test_refuses_a_missing_file_and_a_link(sealed: tuple[Path, str]) -> None:
    folder, sha256 = sealed
    content = (folder / bundle.CARD_JSON).read_bytes()
    (folder / bundle.CARD_JSON).unlink()
    assert refused(folder, sha256) == "wrong_files"
    (folder.parent / "card").write_bytes(content)
    (folder / bundle.CARD_JSON).symlink_to(folder.parent / "card")
    assert refused(folder, sha256) == "wrong_files"


def test_refuses_more_bytes_than_the_limit(sealed: tuple[Path, str]) -> None:
    assert refused(*sealed, limit_bytes=100) == "too_large"
