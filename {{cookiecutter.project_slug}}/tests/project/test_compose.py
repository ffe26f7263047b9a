"""What every container promises: a pinned image, no needless rights, bounds, health, no port open to other machines."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = [*sorted(ROOT.glob("infra/compose/*.yaml")), *sorted(ROOT.glob("services/*/compose.yaml"))]
TEXTS = [path.read_text(encoding="utf-8") for path in FILES]
SERVICES: dict[str, dict[str, Any]] = {
    name: service for text in TEXTS for name, service in yaml.safe_load(text)["services"].items()
}
BUILDS = {service["image"]: service["build"] for service in SERVICES.values() if "build" in service}
ONE_SHOT = sorted(name for name, service in SERVICES.items() if service["restart"] == "no")
LASTING = sorted(SERVICES.keys() - set(ONE_SHOT))
WITHOUT_SHELL = {"otel-collector", "jaeger"}  # their images hold one program: nothing could ask for health from inside


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_has_no_needless_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_has_bounds(name: str) -> None:
    assert SERVICES[name]["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_image_is_pinned_or_built_here(name: str) -> None:
    image = SERVICES[name]["image"]
    if image.startswith("${COMPOSE_PROJECT_NAME}-"):
        assert image in BUILDS
        assert "build" in SERVICES[name] or SERVICES[name]["pull_policy"] == "never"
    else:
        assert re.fullmatch(r"[a-z./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?", image)


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_service_restarts_and_gets_time_to_stop(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["stop_grace_period"]


@pytest.mark.parametrize("name", sorted(set(LASTING) - WITHOUT_SHELL))
def test_a_lasting_service_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    image = service["image"]
    asked_by_the_image = "command" not in service and image in BUILDS and "HEALTHCHECK" in dockerfile(image)
    assert asked_by_the_image or "test" in service["healthcheck"]


def dockerfile(image: str) -> str:
    build = BUILDS[image]
    context, name = (build, "Dockerfile") if isinstance(build, str) else (build["context"], build["dockerfile"])
    return (ROOT / context / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(name for name, service in SERVICES.items() if "ports" in service))
def test_published_ports_are_for_this_machine_only(name: str) -> None:
    for port in SERVICES[name]["ports"]:
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+", port)


@pytest.mark.parametrize("image", sorted(BUILDS))
def test_own_images_run_as_a_numeric_user_and_hold_no_installer(image: str) -> None:
    text = dockerfile(image)
    assert re.search(r"^USER \d{4,}:\d{4,}$", text, re.MULTILINE)
    assert not re.search(r"^# *syntax", text, re.MULTILINE)
    assert "--require-hashes" in text
    final = text.rpartition("\nFROM ")[2]
    assert "uv" not in re.findall(r"[a-z]+", final)


def test_own_images_share_their_base_and_the_installer_of_the_lock_file() -> None:
    texts = [
        path.read_text(encoding="utf-8")
        for path in (*ROOT.glob("infra/*/Dockerfile"), *ROOT.glob("services/*/Dockerfile"))
    ]
    assert len({base for text in texts for base in re.findall(r"^FROM (python:\S+)", text, re.MULTILINE)}) == 1
    (version,) = re.findall(r"^uv==(\S+)", (ROOT / "requirements-uv.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert {tag for text in texts for tag in re.findall(r"astral-sh/uv:(\S+)", text)} == {version}


def test_the_registry_server_has_the_version_of_its_clients() -> None:
    def version(lock: Path) -> set[str]:
        return set(re.findall(r"^mlflow-skinny==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE))

    clients = set().union(*(version(lock) for lock in ROOT.glob("services/*/requirements.lock")))
    assert clients <= version(ROOT / "infra/mlflow/requirements.lock")


def test_a_missing_password_is_named(tmp_path: Path) -> None:
    done = compose("config", "--quiet", directory=tmp_path, POSTGRES_PASSWORD="")
    assert done.returncode != 0
    assert "POSTGRES_PASSWORD" in done.stderr


def test_all_files_together_are_valid() -> None:
    done = compose("--profile", "*", "config", "--quiet", directory=ROOT)
    assert done.returncode == 0, done.stderr


def compose(*arguments: str, directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    if subprocess.run("docker compose version", shell=True, capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    secrets = {name: "x" for text in TEXTS for name in re.findall(r"\$\{([A-Z_]+):\?", text)}
    command = ["docker", "compose", "--env-file", "/dev/null", "--file", str(ROOT / "compose.yaml"), *arguments]
    environment = {**os.environ, **secrets, **variables}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
