"""Sections are found by their folders, and what they promise exists."""

import sys
from pathlib import Path

import pytest

from ui.section import Section, discover

SECTIONS = discover()


def test_a_folder_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, rank in (("late", 2), ("early", 1)):
        folder = tmp_path / "found_sections" / name
        folder.mkdir(parents=True)
        source = (
            f"from ui.section import Section\nSECTION = Section('{name}', 'Title', {rank}, 'http://127.0.0.1:1', ())\n"
        )
        (folder / "__init__.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = discover(tmp_path / "found_sections", "found_sections")
    assert [section.name for section in found] == ["early", "late"]
    for name in [name for name in sys.modules if name.startswith("found_sections")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_every_page_has_a_script_and_every_script_is_a_page(section: Section) -> None:
    scripts = {path.stem for path in section.script(section.pages[0]).parent.glob("[!_]*.py")}
    assert scripts == {page.name for page in section.pages}


def test_addresses_of_pages_are_unique() -> None:
    names = [page.name for section in SECTIONS for page in section.pages]
    assert len(names) == len(set(names))
