"""A virtual environment per contender, made from its pinned and hashed requirement file, outside the tracked tree."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path


def clean() -> dict[str, str]:
    """Return this process's environment without what would leak its Python into another one."""
    return {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }


def ensure(folder: Path, lock: Path, log: Path) -> Path:
    """Make the environment `folder` hold exactly what `lock` pins, unless it does already; return it."""
    stamp = folder / "installed.sha256"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return folder
    print(f"  installing {lock.parent.name}", flush=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        for arguments in (
            (sys.executable, "-m", "venv", "--clear", str(folder)),
            (str(folder / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--require-hashes", "-r", str(lock)),
        ):
            done = subprocess.run(arguments, stdout=output, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                raise RuntimeError(f"could not install {lock}: see {log}")
    stamp.write_text(digest)
    return folder


def versions(environment: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Return the installed version of each of the distributions `names` that is there."""
    program = (
        "import importlib.metadata as m, json, sys\n"
        "have = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print('\\n'.join(f'{n} {have[n]}' for n in sys.argv[1:] if n in have))"
    )
    listing = subprocess.run(
        (str(environment / "bin" / "python"), "-c", program, *names), capture_output=True, text=True, check=True
    )
    return dict(line.split() for line in listing.stdout.splitlines())
