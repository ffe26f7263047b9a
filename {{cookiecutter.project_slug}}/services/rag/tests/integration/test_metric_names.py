"""Every metric that rag's dashboard and rules name is really exported by the running application."""

from pathlib import Path

import pytest

from servicekit.jobs.metrics import JobMetrics
from servicekit.jobs.outcomes import Outcome
from servicekit.testkit.observability import SHARED, named_metrics, series_of

INFRA = Path(__file__).parents[4] / "infra"


@pytest.fixture
async def exported(client, services, manual) -> set[str]:
    """Names of all series after the application has answered a question."""
    answer = await client.post("/v1/ask", json={"question": "Which port does the service listen on?"})
    assert answer.status_code == 200
    registry = services.kit.metrics
    names = series_of(registry)
    if "jobs_queue_depth" not in names:  # the worker is another process, or not embedded in this test
        jobs = JobMetrics(registry)
        jobs.count(Outcome("document.ingest", "succeeded", 1.0))
        jobs.show_backlog(["rag.default"], [])
        names |= series_of(registry)
    return names


async def test_every_metric_of_dashboards_and_rules_is_exported(exported) -> None:
    named = named_metrics(INFRA, ("rag", *SHARED))
    assert len(named) > 20
    assert named - exported == set()
