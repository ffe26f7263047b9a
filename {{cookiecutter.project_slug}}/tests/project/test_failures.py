"""`make up` that fails says why."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKER = """#!/bin/sh
case "$*" in
  *" up "*) echo 'service "seed" did not complete' >&2; exit 1 ;;
  *" ps "*) cat "$CONTAINERS" ;;
  *" logs "*) printf '\\033[2Klast words of %s\\n' "$6" ;;
esac
"""
ENDED = {"Service": "seed", "ExitCode": 78, "Health": ""}
SICK = {"Service": "api", "ExitCode": 0, "Health": "unhealthy"}
WELL = [{"Service": "redis", "ExitCode": 0, "Health": "healthy"}, {"Service": "migrate", "ExitCode": 0, "Health": ""}]


def up(folder: Path, containers: str) -> subprocess.CompletedProcess[str]:
    (folder / "docker").write_text(DOCKER, encoding="utf-8")
    (folder / "docker").chmod(0o755)
    (folder / "containers").write_text(containers, encoding="utf-8")
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "CONTAINERS": str(folder / "containers")}
    command = ["make", "--no-print-directory", "-o", ".env", "up"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)


@pytest.mark.parametrize("as_list", [False, True])
def test_the_last_words_of_what_failed_are_shown(tmp_path: Path, as_list: bool) -> None:
    containers = [WELL[0], ENDED, WELL[1], SICK]
    written = json.dumps(containers) if as_list else "\n".join(map(json.dumps, containers))
    done = up(tmp_path, written)
    assert done.returncode != 0
    assert "seed ended with 78. Its last lines:\nlast words of seed\n" in done.stderr
    assert "api is not healthy. Its last lines:\nlast words of api\n" in done.stderr
    assert "redis" not in done.stderr
    assert "migrate" not in done.stderr


def test_when_there_is_no_container_the_first_failure_stands_alone(tmp_path: Path) -> None:
    done = up(tmp_path, "")
    assert done.returncode != 0
    assert done.stderr.startswith('service "seed" did not complete\nmake')
