"""Every metric that a dashboard or a rule names is really exported by the running application."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest

from prediction.drift.models import MonitoringReport
from prediction.drift.report import ColumnDrift, DriftReport, DriftStatus
from prediction.feedback.quality import Estimate
from prediction.feedback.report import QualityFinding, QualityReport, QualityStatus
from servicekit.database import utc_now
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.outcomes import Outcome

INFRA = Path(__file__).parents[4] / "infra"
OF_PROMETHEUS = {"up"}
WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"}
FLOWER = {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4}


def rules() -> Iterator[dict]:
    for path in sorted((INFRA / "prometheus" / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def expressions() -> Iterator[str]:
    for rule in rules():
        yield rule["expr"]
    for path in sorted((INFRA / "grafana" / "dashboards").glob("*.json")):
        dashboard = json.loads(path.read_text())
        for panel in dashboard["panels"]:
            yield from (target["expr"] for target in panel["targets"])
        for variable in dashboard["templating"]["list"]:
            yield re.sub(r"label_values\(([^,]+), \w+\)", r"\1", variable["definition"])


def metrics_in(expression: str) -> set[str]:
    text = re.sub(r'"[^"]*"', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", text)
    text = re.sub(r"\boffset\s+\w+", "", text)
    return {name for name in re.findall(r"(?<![\w.:$])[a-zA-Z_:][\w:]*(?!\w*\s*\()", text) if name not in WORDS}


def test_names_are_found_in_expressions() -> None:
    found = metrics_in(
        'sum by (job, le) (rate(http_x_bucket{route!~"a|b", le="0.2"}[5m] offset 30m)) / a:b:c > 14.4 * 0.005'
    )
    assert found == {"http_x_bucket", "a:b:c"}


@pytest.fixture
async def exported(client, services, release, flowers, database) -> set[str]:
    """Names of all series after the application has been used, and has jobs and reports to tell of."""
    release("flowers", flowers, seed=1)
    await client.post("/v1/models/flowers/predict", json={"rows": [FLOWER]})
    await client.post("/v1/models/flowers/predict", content=b"{")
    async with database.session() as session:
        session.add_all(make_reports())
    await services.board.refresh()
    registry = services.kit.metrics
    names = _series(registry)
    if "jobs_queue_depth" not in names:  # the worker is another process, or not embedded in this test
        jobs = JobMetrics(registry)
        jobs.count(Outcome("training.run", "succeeded", 1.0))
        jobs.show_backlog(["prediction.default"], [])
        names |= _series(registry)
    return names


def _series(registry) -> set[str]:
    text = generate_latest(registry).decode()
    declared = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    return declared | {re.split(r"[ {]", line)[0] for line in text.splitlines() if not line.startswith("#")}


def make_reports() -> list[MonitoringReport]:
    now = utc_now()
    column = ColumnDrift(
        name="age", role="feature", kind="numeric", drifted=True, psi=0.5, missing_share=0, reference_missing_share=0
    )
    drift = DriftReport(
        model="flowers",
        version="1",
        status=DriftStatus.DRIFT,
        created_at=now,
        window_start=now - timedelta(hours=1),
        window_end=now,
        rows=300,
        minimum_rows=200,
        columns=[column],
    )
    accuracy = Estimate(value=0.7, low=0.6, high=0.8)
    finding = QualityFinding(metric="accuracy", online=accuracy, test=0.9, breached=True)
    quality = QualityReport(
        model="flowers",
        version="1",
        status=QualityStatus.BREACH,
        created_at=now,
        predictions=300,
        labelled=300,
        minimum_labels=100,
        findings=[finding],
        metrics={"accuracy": accuracy},
    )
    return [
        MonitoringReport(
            tenant="acme",
            model="flowers",
            version="1",
            kind=kind,
            status=report.status,
            created_at=now,
            document=report.model_dump(mode="json"),
        )
        for kind, report in (("drift", drift), ("quality", quality))
    ]


async def test_every_metric_of_dashboards_and_rules_is_exported(exported) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    named = set().union(*(metrics_in(expression) for expression in expressions()))
    assert len(named) > 30
    assert named - exported - recorded - OF_PROMETHEUS == set()
