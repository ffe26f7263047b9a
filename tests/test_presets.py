"""Every preset, and the platform without each single component, is a project that passes its own checks.

The un-rendered project is checked by `make test-project`, and a bake whose code equals it needs no second run. One that
lacks something may miss it: in imports, which the types and collecting the tests show; in files, which the project's own
tests show; and in what the rest does, for which a milestone runs the unit tests too.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import COMPONENTS, MILESTONES, PROJECT, Bake, Bakery, code_fingerprint, make, run

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
    if fingerprint not in checked:
        passes(make(project, tmp_path, *SHARED_TYPES, "lint", "contracts", "typecheck"))
        passes(make(project, tmp_path, "test", "ARGS=-q --collect-only"))
        passes(make(project, tmp_path, "test", "ARGS=-q tests --ignore=tests/e2e"))
        if request.node.callspec.id in PRESETS:
            passes(make(project, tmp_path, "test-unit"))
        checked[fingerprint] = str(project)


def test_lists_its_commands(project: Path, tmp_path: Path, passes: Passes) -> None:
    result = make(project, tmp_path)
    passes(result)
    assert "make check" in result.output


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
def test_its_compose_files_are_valid(project: Path, passes: Passes) -> None:
    passes(run(["docker", "compose", "--profile", "*", "config", "--quiet"], project))
