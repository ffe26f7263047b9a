"""Check this machine and this project's settings, and say how to repair what is wrong.

Needs nothing but Python, so that it can be run before anything is installed. The exit code is 1 when something is wrong
that `make dev` needs; what only containers need is a note.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ports import holder, is_free
from project import PLACEHOLDER, discover, read_variables

GIGABYTE = 1024**3
NEEDED_DISK = 3 * GIGABYTE
NEEDED_MEMORY = 2 * GIGABYTE


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    detail: str
    repair: str = ""  # empty when all is well
    needed: bool = True  # False: `make dev` works without it

    def __str__(self) -> str:
        """Return the line, and below it the repair."""
        mark = "ok  " if not self.repair else "FAIL" if self.needed else "note"
        return f"{mark}  {self.name:10} {self.detail}" + (f"\n      {'':10} -> {self.repair}" if self.repair else "")


def check_python(root: Path) -> Iterator[Finding]:
    """Python is new enough, or this would not run; the environment may be missing or out of date."""
    yield Finding("python", f"{sys.version.split()[0]} at {sys.executable}")
    stamp = Path(os.environ.get("VENV", root / ".venv")) / ".setup-done"
    inputs = [root / "requirements-dev.lock", *root.glob("services/*/requirements.lock")]
    if not stamp.exists():
        yield Finding("setup", "nothing is installed yet", "make setup (make dev does it by itself)", needed=False)
    elif any(path.stat().st_mtime > stamp.stat().st_mtime for path in inputs):
        yield Finding("setup", "a lock file is newer than the environment", "make setup", needed=False)
    else:
        yield Finding("setup", str(stamp.parent))


def check_machine(root: Path) -> Iterator[Finding]:
    """Disk and memory suffice for an installation and a training."""
    free = shutil.disk_usage(root).free
    repair = "" if free > NEEDED_DISK else f"free {NEEDED_DISK // GIGABYTE} GB on the disk of {root}"
    yield Finding("disk", f"{free / GIGABYTE:.0f} GB free", repair)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    repair = "" if memory > NEEDED_MEMORY else f"use a machine with at least {NEEDED_MEMORY // GIGABYTE} GB"
    yield Finding("memory", f"{memory / GIGABYTE:.0f} GB", repair)


def check_ports(root: Path) -> Iterator[Finding]:
    """The ports of `make dev` are free."""
    for service in discover(root):
        if is_free(service.port):
            yield Finding("port", f"{service.port} for {service.name} is free")
        else:
            move = f"stop it (it may be this project itself), or: make dev {service.name.upper()}_PORT=..."
            yield Finding("port", f"{service.port} for {service.name} is taken by {holder(service.port)}", move)


def check_docker(root: Path) -> Iterator[Finding]:
    """Docker with Compose v2 answers; only `make up` needs it."""
    done = subprocess.run(["sh", "scripts/need-docker.sh"], cwd=root, capture_output=True, text=True, check=False)  # noqa: S607 - the system's shell
    if done.returncode:
        yield Finding("docker", "not usable", done.stderr.strip(), needed=False)
    else:
        yield Finding("docker", "with Compose v2")


def check_settings(root: Path) -> Iterator[Finding]:
    """`.env` exists, is private, names only known variables, and the services accept it."""
    path = root / ".env"
    if not path.exists():
        yield Finding("settings", "no .env yet", "make .env (make dev does it by itself)", needed=False)
        return
    if path.stat().st_mode & 0o077:
        yield Finding("settings", ".env can be read by others", "chmod 600 .env", needed=False)
    example = (root / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    values = read_variables(path)
    for name in sorted(set(values) - known - {f"{name}_FILE" for name in known}):
        yield Finding("settings", f"{name} in .env is not a setting", "correct or remove it (see .env.example)")
    required = set(re.findall(r"^([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    for name in sorted(required - set(values)):
        yield Finding("settings", f"{name} is missing in .env", f"add it (see {name} in .env.example)", needed=False)
    for name in sorted(name for name, value in values.items() if PLACEHOLDER.search(value)):
        yield Finding("settings", f"{name} is still a placeholder", "give it a random value", needed=False)
    yield Finding("settings", f".env has {len(values)} variables")
    yield from check_values(root)


def check_values(root: Path) -> Iterator[Finding]:
    """Every service that is installed accepts its settings."""
    load = (
        "import importlib, servicekit.settings as kit; module = importlib.import_module('{}.settings'); "
        "[kit.load_settings(it) for it in vars(module).values() if isinstance(it, type) "
        "and issubclass(it, kit.ServiceSettings) and it is not kit.ServiceSettings]"
    )
    for path in sorted(root.glob("services/*/src/*/settings.py")):
        name = path.parent.name
        if find_spec(name):
            command = [sys.executable, "-c", load.format(name)]
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - own code
            if done.returncode:
                yield Finding("settings", f"{name} refuses them", done.stderr.strip() or "correct .env")


def check_locks(root: Path) -> Iterator[Finding]:
    """Every declared dependency is pinned in the lock file of its service."""
    for project in sorted(root.glob("services/*/pyproject.toml")):
        lock = project.with_name("requirements.lock")
        pinned = set(re.findall(r"^([a-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))
        missing = sorted(external_dependencies(project, root) - pinned)
        repair = f"make lock ({', '.join(missing)} not in the lock)" if missing else ""
        yield Finding("lock", f"{lock.relative_to(root)} has {len(pinned)} packages", repair)


def external_dependencies(project: Path, root: Path) -> set[str]:
    """Return the normalised names of what a package needs from outside, following its needs inside."""
    names: set[str] = set()
    for requirement in tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]:
        name = re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]).lower()
        own = root / "libs" / name / "pyproject.toml"
        names |= external_dependencies(own, root) if own.exists() else {name}
    return names


CHECKS: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    check_python, check_machine, check_ports, check_docker, check_settings, check_locks,
)  # fmt: skip


def main() -> int:
    """Print every finding; return 1 when one must be repaired."""
    findings = [finding for check in CHECKS for finding in check(Path.cwd())]
    print("\n".join(map(str, findings)))  # noqa: T201 - a command that reports to its user
    return int(any(finding.repair and finding.needed for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
