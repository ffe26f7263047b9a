"""The project's files are plain: only a short list of them depends on the answers."""

import fnmatch
import re

import pytest
from bakery import COMPONENTS, CONFIG, MILESTONES, PROJECT, RENDERED, REPOSITORY, Bakery, files_below, tracked_files

SOURCES = [str(path.relative_to(PROJECT)) for path in tracked_files() if path.is_relative_to(PROJECT)]


def is_copied(name: str) -> bool:
    """Repeat cookiecutter's rule: a path or one of its folders matches a pattern."""
    parts = name.split("/")
    prefixes = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    return any(fnmatch.fnmatch(prefix, pattern) for prefix in prefixes for pattern in CONFIG["_copy_without_render"])


def test_cookiecutter_renders_only_the_allowed_files() -> None:
    assert {name for name in SOURCES if not is_copied(name)} == RENDERED


def test_a_default_bake_differs_from_the_source_in_the_allowed_files_only(baked: Bakery) -> None:
    made = files_below(baked())
    source = {name: (REPOSITORY / PROJECT / name).read_bytes() for name in SOURCES}
    assert made.keys() - source.keys() == {".env"}
    assert source.keys() - made.keys() == set()
    assert {name for name in source if source[name] != made[name]} == RENDERED


def test_copied_files_keep_their_mode(baked: Bakery) -> None:
    project = baked()
    for name in SOURCES:
        wanted = (REPOSITORY / PROJECT / name).stat().st_mode & 0o111
        assert (project / name).stat().st_mode & 0o111 == wanted, name


@pytest.mark.parametrize("milestone", MILESTONES)
def test_no_template_language_is_left(baked: Bakery, milestone: str) -> None:
    for name, content in files_below(baked(milestone=milestone)).items():
        assert b"cookiecutter." not in content, name
        assert b"# jinja:" not in content, name


def test_copied_files_hold_no_control_tags() -> None:
    """A file that has them would be a template that nobody renders."""
    for name in SOURCES:
        if name.endswith((".py", ".toml", ".yaml", ".yml", ".sh", "Makefile", ".mk")):
            text = (REPOSITORY / PROJECT / name).read_text(encoding="utf-8")
            assert not re.search(r"\{%[-+]? |\{\{ *cookiecutter", text) or name in RENDERED, name


def test_free_text_answers_go_only_where_they_are_harmless() -> None:
    """A name may hold quotes and ampersands, which Markdown and a licence can bear and YAML or shell cannot."""
    for name in SOURCES:
        text = (REPOSITORY / PROJECT / name).read_bytes()
        if b"cookiecutter.project_name" in text or b"cookiecutter.author_name" in text:
            assert name in {"README.md", "LICENSE"}


def test_no_links_that_cookiecutter_cannot_copy() -> None:
    assert not [name for name in SOURCES if (REPOSITORY / PROJECT / name).is_symlink()]


def test_component_names_cannot_be_mistaken_for_each_other() -> None:
    """Rendered files ask `"name" in cookiecutter.components`, a search in text."""
    for name in COMPONENTS:
        assert not [other for other in COMPONENTS if name != other and name in other]
