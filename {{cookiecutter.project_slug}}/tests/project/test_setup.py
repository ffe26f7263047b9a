"""Setting up refuses in one sentence when it cannot work, and never installs a file with another hash."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / "requirements-uv.lock", tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "rm", "touch", "cat"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return tmp_path


def setup(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(project / "bin"), "HOME": str(project), **variables}
    command = ["sh", "scripts/setup.sh", ".venv", "requirements-dev.lock"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def fake_python(project: Path, script: str) -> str:
    path = project / "bin/python3"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_without_python_it_says_what_to_install(project: Path) -> None:
    done = setup(project)
    assert done.returncode == 1
    assert "No Python of at least 3.11 was found. Install one" in done.stderr


def test_a_python_that_is_too_old_is_not_used(project: Path) -> None:
    fake_python(project, "exit 1")
    assert "No Python of at least 3.11 was found" in setup(project).stderr


def test_a_python_without_venv_is_answered_with_the_package_to_install(project: Path) -> None:
    answers = f"*ensurepip*) exit 1;; *sys.executable*) echo {project}/bin/python3;; *:2*) echo 3.12;;"
    fake_python(project, f"case $2 in {answers} esac")
    done = setup(project)
    assert done.returncode == 1
    assert done.stderr == "Python 3.12 lacks the module venv. Install it: sudo apt install python3.12-venv\n"


def test_docker_that_is_missing_is_answered_with_what_works_without(project: Path) -> None:
    command = ["sh", "scripts/need-docker.sh"]
    done = subprocess.run(command, cwd=project, env={"PATH": str(project / "bin")}, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        done.stderr == "Docker is not installed. Without Docker, `make dev` runs the same platform on this machine.\n"
    )


@pytest.mark.parametrize("lock", [*ROOT.glob("*.lock"), *ROOT.glob("*/*/*.lock")], ids=str)
def test_every_locked_package_has_a_hash(lock: Path) -> None:
    for entry in lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if entry.strip() and not entry.startswith("#"):
            assert "==" in entry
            assert "--hash=sha256:" in entry
