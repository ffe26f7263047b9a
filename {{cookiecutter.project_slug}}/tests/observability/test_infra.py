"""Prometheus rules and Grafana dashboards: valid, tested, and each alert with a runbook."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS, GRAFANA = ROOT / "infra" / "prometheus", ROOT / "infra" / "grafana"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))

ALERTS = [
    rule
    for path in RULES
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]


def promtool(*arguments: str | Path) -> str:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_rules_are_valid() -> None:
    promtool("check", "rules", *RULES)


def test_alerts_ring_when_they_should_and_only_then() -> None:
    promtool("test", "rules", *TESTS)


def test_configuration_is_valid() -> None:
    version = re.search(r"version (\d+)\.(\d+)", promtool("--version"))
    assert version is not None
    if (int(version[1]), int(version[2])) < (2, 43):
        pytest.skip(f"promtool {version[1]}.{version[2]} is older than scrape_config_files (2.43)")
    promtool("check", "config", PROMETHEUS / "prometheus.yml")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_has_a_severity_a_runbook_and_a_test(alert) -> None:
    page = ROOT / alert["annotations"]["runbook_url"]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert page.is_file()
    assert alert["alert"] in (page.parent / "README.md").read_text()
    assert any(f"alertname: {alert['alert']}\n" in path.read_text() for path in TESTS)


def test_the_index_of_runbooks_names_no_alert_that_is_gone() -> None:
    table = "\n".join(path.read_text() for path in ROOT.glob("docs/runbooks/**/README.md"))
    named = {name.strip() for row in re.findall(r"^\| \[.*?\)\s*\|(.*)\|$", table, re.M) for name in row.split(",")}
    assert named <= {alert["alert"] for alert in ALERTS}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboards_use_the_provisioned_source_and_do_not_overlap(path) -> None:
    provisioned = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())
    sources = {source["uid"] for source in provisioned["datasources"]}
    dashboard = json.loads(path.read_text())
    assert dashboard["uid"] == path.stem
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        assert panel["datasource"]["uid"] in sources
        assert all(target["expr"] and target["datasource"]["uid"] in sources for target in panel["targets"])
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken
        assert grid["x"] + grid["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
