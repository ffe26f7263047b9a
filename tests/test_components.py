"""A component owns paths; nothing else in the project knows about it."""

import re

import pytest
from bakery import COMPONENTS, MILESTONES, PROJECT, REPOSITORY, Bakery, files_below, owned_by, tracked_files

SOURCES = [str(path.relative_to(PROJECT)) for path in tracked_files() if path.is_relative_to(PROJECT)]
CONDITION = re.compile(r"^\s*# jinja: if .*?^\s*# jinja: endif$", re.MULTILINE | re.DOTALL)


def without_conditions(name: str) -> str:
    """Read a file without its `# jinja:` blocks: those are where a shared file may name a component."""
    return CONDITION.sub("", (REPOSITORY / PROJECT / name).read_text(encoding="utf-8", errors="replace"))


def names_of(component: str) -> re.Pattern[str]:
    """Match what betrays knowledge of a component: its paths, and the package of a service."""
    services = [path.removeprefix("services/") for path in COMPONENTS[component] if path.startswith("services/")]
    spelled = [re.escape(path) for path in COMPONENTS[component]]
    spelled += [rf"(?:import|from|-m|-p) {name}\b|\"{name}[\".]|'{name}['.]" for name in services]
    return re.compile("|".join(spelled))


def test_the_platform_is_everything_there_is() -> None:
    assert sorted(MILESTONES["platform"]) == sorted(COMPONENTS)


@pytest.mark.parametrize("milestone", MILESTONES)
def test_milestones_are_made_of_components(milestone: str) -> None:
    assert set(MILESTONES[milestone]) <= set(COMPONENTS)


@pytest.mark.parametrize(("component", "path"), [(name, path) for name, paths in COMPONENTS.items() for path in paths])
def test_every_owned_path_exists(component: str, path: str) -> None:
    assert any(owned_by(component, name) and name.startswith(path) for name in SOURCES)


def test_no_component_lists_what_another_lists() -> None:
    """A path inside another component's folder is fine: a file about both goes when either is left out."""
    listed = [path for paths in COMPONENTS.values() for path in paths]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("component", COMPONENTS)
def test_nothing_outside_a_component_names_it(component: str) -> None:
    named = [
        name for name in SOURCES
        if not owned_by(component, name) and names_of(component).search(without_conditions(name))
    ]  # fmt: skip
    assert named == []


@pytest.mark.parametrize("component", COMPONENTS)
def test_leaving_a_component_out_removes_its_paths_and_no_other(baked: Bakery, component: str) -> None:
    others = [name for name in COMPONENTS if name != component]
    full, reduced = files_below(baked()), files_below(baked(components=",".join(others)))
    assert full.keys() - reduced.keys() == {name for name in full if owned_by(component, name)}
    assert reduced.keys() <= full.keys()
