"""Bake projects from an export of the tracked files, as a user's clone would have them."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PROJECT = "{{cookiecutter.project_slug}}"
CONFIG = json.loads((REPOSITORY / "cookiecutter.json").read_text(encoding="utf-8"))
COMPONENTS: dict[str, list[str]] = CONFIG["_components"]
MILESTONES: dict[str, list[str]] = CONFIG["_milestones"]

# The only files whose content depends on the answers; every other file is copied byte for byte.
RENDERED = {".env.example", "LICENSE", "README.md", "compose.yaml"}

# What `make test-template ARGS=...` hands down to every process below it; a baked project's make must not take it over.
OF_OUR_MAKE = {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}

# Python compiles a file of the environment once for all baked projects.
SHARED_BYTECODE = [f"PYTHONPYCACHEPREFIX={sys.pycache_prefix}"] if sys.pycache_prefix else []

Bakery = Callable[..., Path]  # bakes with the answers given as keywords and returns the project's folder


@dataclass(frozen=True)
class Bake:
    """One run of cookiecutter."""

    folder: Path
    returncode: int
    output: str


def tracked_files(repository: Path = REPOSITORY) -> list[Path]:
    """List the tracked files that exist, relative to the repository."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=repository, check=True, capture_output=True, text=True)
    names = [Path(name) for name in listing.stdout.split("\0") if name]
    return [name for name in names if (repository / name).is_file()]


def export(target: Path) -> Path:
    """Copy the tracked files of this repository."""
    for name in tracked_files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name)
    return target


def bake(template: Path, folder: Path, answers: Mapping[str, str], *options: str) -> Bake:
    """Run cookiecutter in `folder`, with a home of its own so that no user's configuration takes part."""
    folder.mkdir(parents=True, exist_ok=True)
    home = folder.parent / f"{folder.name}-home"
    home.mkdir(exist_ok=True)
    given = [f"{question}={answer}" for question, answer in answers.items()]
    command = [sys.executable, "-m", "cookiecutter", str(template), *(options or ["--no-input"]), *given]
    return run(command, folder, HOME=str(home), PWD=str(folder))


def run(command: Sequence[str], folder: Path, typed: str = "", **environment: str) -> Bake:
    """Run a command, type something into it, and keep everything that it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in OF_OUR_MAKE} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        input=typed,
        text=True,
        check=False,
    )
    return Bake(folder, done.returncode, done.stdout)


def files_below(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder, by relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def owned_by(component: str, name: str) -> bool:
    """Tell whether a path of the project belongs to the component."""
    return any(Path(name).is_relative_to(path) for path in COMPONENTS[component])


def code_fingerprint(project: Path) -> str:
    """Identify all that lint, types and tests can see, so that equal projects are checked once."""
    digest = hashlib.sha256()
    for name, content in files_below(project).items():
        if name not in {*RENDERED, ".env"} and not name.startswith((".github/", "docs/")):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def make(project: Path, cache: Path, *arguments: str) -> Bake:
    """Run the project's own make on the environment of these tests, with its sources and caches where they belong."""
    environment = Path(sys.executable).parent.parent
    sources = [str(path) for path in sorted(project.glob("*/*/src"))]
    stamp = environment / ".setup-done"  # the environment is shared: never install the project into it
    command = ["make", "-o", str(stamp), f"VENV={environment}", f"CACHE={cache}", *SHARED_BYTECODE, *arguments]
    return run(command, project, PYTHONPATH=os.pathsep.join(sources))
