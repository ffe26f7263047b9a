"""Resolve every dependency once and write the lock files.

The files of the services and of the development tools share one set of versions: they can be installed together, and a
project that drops a service needs no new lock. Images of other programs (infra/*) stand alone. The files name versions
and hashes and no registry, so they work wherever the packages come from. A release counts only when it is `MINIMUM_AGE`
old: harmful releases are mostly found and withdrawn within days. With `--keep`, what is pinned and still fits
stays: for one more dependency without new versions of all others.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MINIMUM_AGE = timedelta(days=7)
LOWEST_PYTHON = "3.11"
NAME = re.compile(r"^[A-Za-z0-9._-]+")
PIN = re.compile(r"^[A-Za-z0-9._-]+(?:\[[^]]*\])?==[^\\\n]+", re.MULTILINE)


def main() -> None:
    """Write requirements-uv.lock, requirements-dev.lock and one requirements.lock per service and own image."""
    packages = {
        path.parent.name: path for kind in ("libs", "services") for path in ROOT.glob(f"{kind}/*/pyproject.toml")
    }
    services = sorted(ROOT.glob("services/*/pyproject.toml"))
    images = sorted(ROOT.glob("infra/*/requirements.in"))
    development = ROOT / "requirements-dev.in"

    installed_together = {
        **{path.with_name("requirements.lock"): runtime_requirements(path, packages) for path in services},
        development.with_suffix(".lock"): declared(development),
    }
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder) / "shared.txt"
        if "--keep" in sys.argv:
            shared.write_text("\n".join(map(pinned, installed_together)), encoding="utf-8")
        resolve([line for lines in installed_together.values() for line in lines], shared)
        for lock, requirements in installed_together.items():
            resolve(requirements, lock, constraint=shared)
    for path in images:
        resolve(declared(path), path.with_suffix(".lock"))
    resolve(["uv"], ROOT / "requirements-uv.lock")


def declared(path: Path) -> list[str]:
    """Return the requirements of a .in file."""
    lines = (line.split(" #")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pinned(lock: Path) -> str:
    """Return the pins of a lock file, which the resolver then prefers; nothing where there is none yet."""
    text = lock.read_text(encoding="utf-8") if lock.exists() else ""
    return "\n".join(PIN.findall(text))


def runtime_requirements(project: Path, packages: dict[str, Path]) -> list[str]:
    """Return what a package needs from outside this repository, following its needs inside."""
    found: list[str] = []
    for requirement in tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]:
        match = NAME.match(requirement)
        own = packages.get(match.group()) if match else None
        found.extend(runtime_requirements(own, packages) if own else [requirement])
    return sorted(set(found))


def resolve(requirements: Sequence[str], target: Path, constraint: Path | None = None) -> None:
    """Pin the requirements and all they need, with hashes, for every platform and Python."""
    newest = (datetime.now(UTC) - MINIMUM_AGE).strftime("%Y-%m-%d")
    command = [
        sys.executable, "-m", "uv", "pip", "compile", "-", "--output-file", str(target), "--quiet", "--universal",
        "--python-version", LOWEST_PYTHON, "--generate-hashes", "--exclude-newer", newest, "--no-emit-index-url",
        "--no-annotate", "--custom-compile-command", "make lock", *([] if "--keep" in sys.argv else ["--upgrade"]),
    ]  # fmt: skip
    if constraint:
        command += ["--constraint", str(constraint)]
    subprocess.run(command, input="\n".join(requirements), text=True, check=True, cwd=ROOT)  # noqa: S603 - own command
    print(f"wrote {target.name}")  # noqa: T201 - a command that reports to its user


if __name__ == "__main__":
    main()
