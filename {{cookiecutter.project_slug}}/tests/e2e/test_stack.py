"""The whole project in containers: what holds for every service. What each does on it, its own tests say."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from servicekit.testkit.stack import Stack, run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

ROOT = Path(__file__).resolve().parents[2]
RESTRICTIONS = (Path(__file__).parent / "probes" / "restrictions.py").read_text(encoding="utf-8")
LASTING = [
    name
    for path in sorted(ROOT.glob("services/*/compose.yaml"))
    for name, service in yaml.safe_load(path.read_text(encoding="utf-8"))["services"].items()
    if service["restart"] == "unless-stopped" and service["image"].startswith("${COMPOSE_PROJECT_NAME}-")
]


def test_make_up_prints_commands_that_work(stack: Stack) -> None:
    commands = re.findall(r"^curl .*?(?=\n\n|\Z)", stack.announced, re.MULTILINE | re.DOTALL)
    assert commands
    for command in commands:
        answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
        assert "status" not in json.loads(answer), answer  # a problem document


@pytest.mark.parametrize("service", LASTING)
def test_a_container_can_do_no_more_than_it_needs(stack: Stack, service: str) -> None:
    assert json.loads(stack.inside(service, "python", "-c", RESTRICTIONS)) == {
        "uid": 10001,
        "tools": [],
        "modules": [],
        "writable": False,
        "capabilities": 0,
    }


def test_down_leaves_nothing(stack: Stack) -> None:
    stack.compose("down", "--volumes")
    label = f"label=com.docker.compose.project={stack.name}"
    assert run("docker", "ps", "--all", "--quiet", "--filter", label) == ""
