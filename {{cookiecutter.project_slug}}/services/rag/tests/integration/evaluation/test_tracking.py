"""Evaluations in a real MLflow, on SQLite."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rag.evaluation.cases import Case
from rag.evaluation.memory import MemorySearching
from rag.evaluation.report import Report, compare
from rag.evaluation.runner import EvaluationOptions, evaluate
from rag.evaluation.tracking import TrackingFailed, log_report, open_client


@pytest.fixture
def report() -> Report:
    cases = [Case(id="port", question="Which port?", answer="8002", document="a.md")]
    options = EvaluationOptions("acme", configuration={"embedder": "hashed", "prompts": ["a/1"], "documents": 3})
    return asyncio.run(evaluate(MemorySearching({}), None, cases, options))


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised, empty MLflow database, because making its tables takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    open_client(f"sqlite:///{path}")
    return path


@pytest.fixture
def uri(empty_mlflow: Path, tmp_path: Path) -> str:
    shutil.copyfile(empty_mlflow, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_configuration_metrics_and_questions_are_logged(report: Report, uri: str) -> None:
    run_id = log_report(uri, "acme", "project", report, {"rerank=true": compare(report, report)}, job_id="j1")
    client = open_client(uri)
    run = client.get_run(run_id)
    assert client.get_experiment(run.info.experiment_id).name == "rag-evaluation/acme"
    assert run.info.status == "FINISHED"
    assert run.data.params["embedder"] == "hashed"
    assert run.data.params["documents"] == "3"
    assert run.data.metrics["recall_at_5"] == 0
    assert run.data.metrics["single-hop/mrr_at_10"] == 0
    assert "ms/search" in run.data.metrics

    def logged(name: str) -> dict[str, Any]:
        return json.loads(Path(client.download_artifacts(run_id, name)).read_text())

    assert logged("rows.json")["rows"][0]["question"] == "Which port?"
    assert set(logged("intervals.json")["metrics"]["recall@5"]) == {"value", "low", "high", "cases"}
    assert logged("comparisons.json")["rerank=true"]["metrics"]["recall@5"]["verdict"] == "not shown"


def test_a_repeated_job_writes_into_the_same_run(report: Report, uri: str) -> None:
    first = log_report(uri, "acme", "project", report, {}, job_id="j1")
    assert log_report(uri, "acme", "project", report, {}, job_id="j1") == first
    assert log_report(uri, "acme", "project", report, {}, job_id="j2") != first


def test_a_deleted_experiment_comes_back(report: Report, uri: str) -> None:
    run = log_report(uri, "acme", "project", report, {}, job_id="j1")
    client = open_client(uri)
    client.delete_experiment(client.get_run(run).info.experiment_id)
    again = log_report(uri, "acme", "project", report, {}, job_id="j2")
    assert client.get_run(again).info.status == "FINISHED"


def test_an_mlflow_that_is_away_is_said_so(report: Report) -> None:
    with pytest.raises(TrackingFailed):
        log_report("http://127.0.0.1:9", "acme", "project", report, {}, job_id="j1")
