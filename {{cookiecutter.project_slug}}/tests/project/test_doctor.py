"""The doctor finds what is wrong, says how to repair it, and is quiet about what is well."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / ".env.example").write_text("KEY=change-me-key\n#OTHER=1\n", encoding="utf-8")
    (tmp_path / "requirements-dev.lock").touch()
    folder = tmp_path / "services/echo"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("[project]\ndependencies = ['Some.Thing>=1']\n", encoding="utf-8")
    (folder / "requirements.lock").write_text("some-thing==1.2\n", encoding="utf-8")
    return tmp_path


def doctor(project: Path) -> tuple[int, str]:
    command = [sys.executable, "scripts/doctor.py"]
    path = os.pathsep.join([str(project / "services/echo/src"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_fresh_project_needs_no_repair(project: Path) -> None:
    code, output = doctor(project)
    assert code == 0
    assert "FAIL" not in output
    assert "-> make setup" in output
    assert "-> make .env" in output


def test_a_variable_that_is_no_setting_is_named(project: Path) -> None:
    (project / ".env").write_text("KEY=a\nOTHER=2\nOTHER_FILE=/x\nTYPO=1\n", encoding="utf-8")
    code, output = doctor(project)
    assert code == 1
    assert "TYPO in .env is not a setting" in output
    assert "OTHER" not in output


def test_missing_and_placeholder_secrets_and_an_open_file_are_noted(project: Path) -> None:
    (project / ".env").write_text("OTHER=change-me\n", encoding="utf-8")
    (project / ".env").chmod(0o644)
    _, output = doctor(project)
    assert "KEY is missing in .env" in output
    assert "OTHER is still a placeholder" in output
    assert "chmod 600 .env" in output


def test_a_value_that_a_service_refuses_is_explained(project: Path) -> None:
    package = project / "services/echo/src/echo"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    source = "from servicekit.settings import ServiceSettings\n\n\nclass EchoSettings(ServiceSettings):\n    pass\n"
    (package / "settings.py").write_text(source, encoding="utf-8")
    (project / ".env.example").write_text("LOG__LEVEL=info\n", encoding="utf-8")
    (project / ".env").write_text("LOG__LEVEL=loud\n", encoding="utf-8")
    code, output = doctor(project)
    assert code == 1
    assert "echo refuses them" in output
    assert "Settings refused: LOG__LEVEL: " in output


def test_a_dependency_that_is_not_locked_is_named(project: Path) -> None:
    (project / "services/echo/requirements.lock").write_text("other==1\n", encoding="utf-8")
    code, output = doctor(project)
    assert code == 1
    assert "make lock (some-thing not in the lock)" in output


def test_a_taken_port_is_named_with_its_holder(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with (project / "services/echo/pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(f"[tool.dev]\nport = {port}\nprepare = []\ncommand = 'serve'\nexample = ''\n")
        code, output = doctor(project)
    assert code == 1
    assert f"{port} for echo is taken by process" in output
    assert "make dev ECHO_PORT=" in output
