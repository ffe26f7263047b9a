"""The default project as its users run it: the demonstration, and the containers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import Bake, Bakery, make, run

# Away from the ports of projects that may run on this machine.
PORTS = {"PREDICTION_PORT": "21597", "RAG_PORT": "21598", "UI_PORT": "21599"}


@pytest.mark.timeout(1500)
def test_the_demonstration_of_readme_runs_from_a_clean_clone(
    own_template: Path, tmp_path: Path, passes: Callable[[Bake], None]
) -> None:
    result = run(["make", "demo", "ONCE=1", f"BUILD={tmp_path}/build"], own_template, **PORTS)
    passes(result)
    assert all(f"http://127.0.0.1:{port}" in result.output for port in PORTS.values())
    assert not (own_template / "{{cookiecutter.project_slug}}/.env").exists()


@pytest.mark.docker
@pytest.mark.timeout(2400)
@pytest.mark.usefixtures("docker")
def test_the_containers_of_a_default_project_survive_their_own_tests(
    baked: Bakery, tmp_path: Path, passes: Callable[[Bake], None]
) -> None:
    passes(make(baked(), tmp_path, "test-stack"))
