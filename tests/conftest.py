"""Fixtures: one export of the tracked files, and projects baked from it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import Bake, Bakery, bake, export, run


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of the tracked files of this repository. Tests must not change it."""
    return export(tmp_path_factory.mktemp("template"))


@pytest.fixture
def own_template(template: Path, tmp_path: Path) -> Path:
    """A copy of the export that a test may spoil."""
    return Path(shutil.copytree(template, tmp_path / "own-template"))


@pytest.fixture(scope="session")
def baked(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Bakery:
    """Bake a project with the given answers; the same answers are baked once."""
    done: dict[str, Path] = {}

    def make(**answers: str) -> Path:
        key = json.dumps(answers, sort_keys=True)
        if key not in done:
            result = bake(template, tmp_path_factory.mktemp("bake"), answers)
            assert result.returncode == 0, result.output
            (done[key],) = result.folder.iterdir()
        return done[key]

    return make


@pytest.fixture
def attempt(template: Path, tmp_path: Path) -> Callable[..., Bake]:
    """Bake into an empty folder of this test and return what happened, good or bad."""

    def make(*options: str, **answers: str) -> Bake:
        return bake(template, tmp_path / "attempt", answers, *options)

    return make


@pytest.fixture(scope="session")
def passes() -> Callable[[Bake], None]:
    """Assert that a command succeeded, and show the end of what it printed otherwise."""

    def check(result: Bake) -> None:
        assert result.returncode == 0, result.output[-20_000:]

    return check


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip, with the reason, where no Docker engine with Compose answers."""
    for question in (["docker", "info"], ["docker", "compose", "version"]):
        if not shutil.which("docker") or run(question, tmp_path_factory.getbasetemp()).returncode:
            pytest.skip(f"needs Docker: `{' '.join(question)}` fails")
