"""Every metric that a dashboard or a rule names is really exported by the running application."""

from datetime import timedelta
from pathlib import Path

import pytest

from prediction.drift.models import MonitoringReport
from prediction.drift.report import ColumnDrift, DriftReport, DriftStatus
from prediction.feedback.quality import Estimate
from prediction.feedback.report import QualityFinding, QualityReport, QualityStatus
from servicekit.database import utc_now
from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.outcomes import Outcome
from servicekit.testkit.observability import SHARED, named_metrics, series_of

INFRA = Path(__file__).parents[4] / "infra"
FLOWER = {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4}


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
    names = series_of(registry)
    if "jobs_queue_depth" not in names:  # the worker is another process, or not embedded in this test
        jobs = JobMetrics(registry)
        jobs.count(Outcome("training.run", "succeeded", 1.0))
        jobs.show_backlog(["prediction.default"], [])
        names |= series_of(registry)
    return names


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
    named = named_metrics(INFRA, ("prediction", "predictions", "drift", *SHARED))
    assert len(named) > 30
    assert named - exported == set()
