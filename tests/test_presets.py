"""Every preset, and the platform without each single component, is a project that passes its own checks.

The un-rendered project is checked by `make test-project`, and a bake whose code equals it needs no second run. The
others consist of the same files without some of them. What these may miss shows in imports, in the contracts and in the
tests of the project as a whole. A milestone, which people really generate, also has its types checked and its unit
tests run.
"""

import ast
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bakery import COMPONENTS, MILESTONES, PROJECT, REPOSITORY, Bake, Bakery, code_fingerprint, make, run

Passes = Callable[[Bake], None]
PRESETS = {f"milestone {name}": {"milestone": name} for name in MILESTONES}
REDUCED = {
    f"platform without {left_out}": {"components": ",".join(name for name in COMPONENTS if name != left_out)}
    for left_out in COMPONENTS
}
NOTHING = {"no component": {"components": ""}}
# What mypy knows of a file it finds by content, wherever the file is: a bake need not be analysed from nothing.
SHARED_TYPES = [f"MYPY_CACHE_DIR={folder}"] if (folder := os.environ.get("MYPY_CACHE_DIR")) else []
BAKES = PRESETS | REDUCED | NOTHING
TEMPLATE_SOURCES = [path for path in (REPOSITORY / PROJECT).glob("*/*/src/*") if path.is_dir()]


@pytest.fixture(params=list(BAKES.values()), ids=list(BAKES), scope="module")
def project(request: pytest.FixtureRequest, baked: Bakery) -> Path:
    """One bake after the other."""
    return baked(**request.param)


@pytest.fixture(scope="module")
def checked(template: Path) -> dict[str, str]:
    """Fingerprints of code that has been checked, and where."""
    return {code_fingerprint(template / PROJECT): "the un-rendered project"}


@pytest.mark.timeout(900)
def test_passes_its_own_checks(
    project: Path, request: pytest.FixtureRequest, checked: dict[str, str], tmp_path: Path, passes: Passes
) -> None:
    fingerprint = code_fingerprint(project)
    if fingerprint in checked:
        return
    passes(make(project, tmp_path, "lint", "contracts"))
    passes(make(project, tmp_path, "test", "ARGS=-q tests --ignore=tests/e2e -n 2 --dist loadfile"))
    if request.node.callspec.id in PRESETS:
        passes(make(project, tmp_path, *SHARED_TYPES, "typecheck"))
        passes(make(project, tmp_path, "test-unit", "ARGS=-n 2 --dist loadfile"))
    checked[fingerprint] = str(project)


def test_imports_only_what_it_has(project: Path) -> None:
    own = {path.name for path in TEMPLATE_SOURCES}
    modules = {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for source in project.glob("*/*/src")
        for path in source.rglob("*.py")
    }
    wanted = {
        (str(path.relative_to(project)), name)
        for path in project.rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] in own
    }
    assert wanted
    assert {(path, name) for path, name in wanted if name not in modules} == set()


def imported(path: Path) -> Iterator[str]:
    """Name the modules that a file imports; of `from a import b` that is `a`."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_lists_its_commands(project: Path, tmp_path: Path, passes: Passes) -> None:
    result = make(project, tmp_path)
    passes(result)
    assert "make check" in result.output


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
def test_its_compose_files_are_valid(project: Path, passes: Passes) -> None:
    passes(run(["docker", "compose", "--profile", "*", "config", "--quiet"], project))
