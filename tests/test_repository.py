"""Rules for every tracked file: no addresses of registries, pinned actions, lock files that fit."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from bakery import PROJECT, REPOSITORY, tracked_files

FILES = tracked_files()
WORKFLOWS = [path for path in FILES if path.parent.name == "workflows"]
# Spelled in parts, so that this file passes its own test.
REGISTRIES = re.compile(
    "|".join(["py" + r"pi\.org", "python" + "hosted", "registry" + r"\.npmjs", r"deb\.deb" + "ian"])
)
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(\[[a-z0-9,_-]+\])?==\S+", re.MULTILINE)


def text_of(path: Path) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8", errors="replace")


def test_no_file_names_a_package_registry() -> None:
    assert [str(path) for path in FILES if REGISTRIES.search(text_of(path))] == []


def test_no_environment_cache_or_secret_is_tracked() -> None:
    junk = {".env", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", "node_modules", "uv.lock"}
    assert [str(path) for path in FILES if junk.intersection(path.parts)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=str)
def test_workflows_pin_actions_grant_nothing_by_default_and_run_make(path: Path) -> None:
    workflow = yaml.safe_load(text_of(path))
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        assert job["permissions"]
        for step in job["steps"]:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step.get("uses", "a/b@" + "0" * 40))
    assert all(re.search(r"# v[\d.]+$", line) for line in text_of(path).splitlines() if "uses:" in line)


def test_hooks_of_other_repositories_are_pinned_by_commit() -> None:
    for name in (".pre-commit-config.yaml", f"{PROJECT}/.pre-commit-config.yaml"):
        for repository in yaml.safe_load(text_of(Path(name)))["repos"]:
            assert repository["repo"] == "local" or re.fullmatch("[0-9a-f]{40}", repository["rev"])


def locked(path: Path) -> dict[str, str]:
    """Read the pinned versions of a lock file by normal name."""
    lines = (line.split(" ")[0] for line in text_of(path).splitlines() if PINNED.match(line))
    pairs = (line.split("==") for line in lines)
    return {normal(name.split("[")[0]): version for name, version in pairs}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", requirement.strip()) for requirement in requirements)
    return {normal(match[0]) for match in found if match}


def own_and_needed(service: Path) -> set[str]:
    """What a service and the libraries of this repository that it uses need from outside."""
    libraries = {path.parent.name: path for path in FILES if path.match(f"{PROJECT}/libs/*/pyproject.toml")}
    declared = names(tomllib.loads(text_of(service))["project"]["dependencies"])
    for name in declared & libraries.keys():
        declared |= names(tomllib.loads(text_of(libraries[name]))["project"]["dependencies"])
    return declared - libraries.keys()


LOCKS = [path for path in FILES if path.suffix == ".lock"]
SERVICES = [path for path in FILES if path.match(f"{PROJECT}/services/*/pyproject.toml")]


@pytest.mark.parametrize("path", LOCKS, ids=str)
def test_every_locked_package_has_its_hash_and_no_address(path: Path) -> None:
    text = text_of(path)
    assert "://" not in text
    assert len(PINNED.findall(text)) == len(re.findall(r"^\S+==[^\n]* \\\n    --hash=sha256:", text, re.MULTILINE)) > 0


@pytest.mark.parametrize("service", SERVICES, ids=str)
def test_a_services_lock_holds_all_that_it_needs(service: Path) -> None:
    assert own_and_needed(service) - locked(service.with_name("requirements.lock")).keys() == set()


@pytest.mark.parametrize("source", [path for path in FILES if path.match("requirements*.in")], ids=str)
def test_a_lock_holds_all_that_its_input_asks_for(source: Path) -> None:
    asked = [line for line in text_of(source).splitlines() if line and not line.startswith("#")]
    assert names(asked) - locked(source.with_suffix(".lock")).keys() == set()


def test_what_is_installed_together_is_locked_to_one_version() -> None:
    versions: dict[str, set[str]] = {}
    for path in LOCKS:
        if not {"infra", "benchmarks"}.intersection(path.parts):  # those have environments of their own
            for name, version in locked(path).items():
                versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
