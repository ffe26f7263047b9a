"""Names of documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.names import LONGEST, clean_name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("guide/index.md", "guide/index.md"),
        ("../../etc/passwd", "etc/passwd"),
        ("/absolute/a.txt", "absolute/a.txt"),
        ("C:\\temp\\a.txt", "temp/a.txt"),
        ("a\x00b\n.txt", "ab.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("cafe\u0301.md", "café.md"),
        ("  spaced / name .md ", "spaced/name .md"),
        ("", "document"),
        ("../..", "document"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_a_name_becomes_a_relative_path_of_visible_characters(given_name: str, name: str) -> None:
    assert clean_name(given_name) == name


@given(st.text(max_size=400))
def test_any_name_can_be_shown_and_cleaning_it_again_changes_nothing(name: str) -> None:
    cleaned = clean_name(name)

    assert 0 < len(cleaned) <= LONGEST
    assert cleaned.isprintable()
    assert ".." not in cleaned.split("/")
    assert not cleaned.startswith("/")
    assert clean_name(cleaned) == cleaned
