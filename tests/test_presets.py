"""Every preset, and the platform without each single component, is a project that passes its own checks.

The un-rendered project is checked by `make test-project`. A bake whose code equals it needs no second run of the same
tests; one that differs is checked with the commands that its owner would type.
"""

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
BAKES = PRESETS | REDUCED | NOTHING


@pytest.fixture(params=list(BAKES.values()), ids=list(BAKES), scope="module")
def project(request: pytest.FixtureRequest, baked: Bakery) -> Path:
    """One bake after the other."""
    return baked(**request.param)


@pytest.fixture(scope="module")
def checked(template: Path) -> dict[str, str]:
    """Fingerprints of code that has been checked, and where."""
    return {code_fingerprint(template / PROJECT): "the un-rendered project"}


def test_passes_its_own_checks(project: Path, checked: dict[str, str], tmp_path: Path, passes: Passes) -> None:
    fingerprint = code_fingerprint(project)
    if fingerprint not in checked:
        passes(make(project, tmp_path, "lint", "contracts", "typecheck"))
        passes(make(project, tmp_path, "test-unit"))
        passes(make(project, tmp_path, "test", "ARGS=-q tests --ignore=tests/e2e"))
        checked[fingerprint] = str(project)


def test_lists_its_commands(project: Path, tmp_path: Path, passes: Passes) -> None:
    result = make(project, tmp_path)
    passes(result)
    assert "make check" in result.output


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
def test_its_compose_files_are_valid(project: Path, passes: Passes) -> None:
    passes(run(["docker", "compose", "--profile", "*", "config", "--quiet"], project))
