"""Folders of documents."""

from pathlib import Path

from rag.documents.folders import MOST_FILES, find_documents, portions


def test_documents_are_found_with_their_paths_as_names(tmp_path: Path) -> None:
    for name in ("b.md", "sub/a.PDF", "sub/deeper/c.txt", "picture.png", ".hidden/x.md", ".secret.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")

    assert [name for name, _ in find_documents(tmp_path)] == ["b.md", "sub/a.PDF", "sub/deeper/c.txt"]


def test_many_files_make_several_uploads(tmp_path: Path) -> None:
    for number in range(MOST_FILES * 2 + 1):
        (tmp_path / f"{number:03}.txt").write_text("text")

    sizes = [len(portion) for portion in portions(find_documents(tmp_path))]

    assert sizes == [MOST_FILES, MOST_FILES, 1]
    assert list(portions([])) == []
