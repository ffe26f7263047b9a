"""Evaluations in MLflow: configuration as parameters, metrics; as files intervals, comparisons and every question.

MLflow is imported when an evaluation has ended; importing it takes a second or two.
"""

import json
import logging
import os
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SADeprecationWarning

from rag.evaluation.report import Comparison, Report

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "rag-evaluation"
JOB_TAG = "job_id"
_SQLITE = "sqlite:///"
_LONGEST_PARAMETER = 500
_ENVIRONMENT = {  # MLflow has no other way to be told
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


class TrackingFailed(Exception):
    """MLflow did not take the evaluation."""


def log_report(
    uri: str, tenant: str, name: str, report: Report, comparisons: Mapping[str, Comparison], *, job_id: str
) -> str:
    """Log an evaluation and return the run's id. A repeated job writes into the run that it has begun before.

    Args:
        uri: Where MLflow is.
        tenant: Whose experiment it belongs to.
        name: Of the set of questions.
        report: The evaluation.
        comparisons: Other configurations on the same questions, by what they change.
        job_id: What makes the run known again.

    Raises:
        TrackingFailed: MLflow cannot be reached or refuses.
    """
    from mlflow.entities import Metric, Param  # slow, see above
    from mlflow.exceptions import MlflowException

    try:
        client = open_client(uri)
        run_id = _run_of_job(client, _experiment(client, uri, tenant), job_id, name)
        now = int(datetime.now(UTC).timestamp() * 1000)
        client.log_batch(
            run_id,
            metrics=[Metric(key, value, now, 0) for key, value in _metrics(report).items()],
            params=[Param(key, _text(value)) for key, value in sorted(report.configuration.items())],
        )
        for file, content in _files(report, comparisons).items():
            client.log_dict(run_id, content, file)
        client.set_terminated(run_id)
    except (MlflowException, OSError) as error:
        raise TrackingFailed(str(error)) from error
    return run_id


def _metrics(report: Report) -> dict[str, float]:
    """Return the metrics under names that MLflow takes: no `@`, and kinds as folders."""
    found = {name.replace("@", "_at_"): estimate.value for name, estimate in report.metrics.items()}
    for kind, metrics in report.kinds.items():
        found |= {f"{kind}/{name.replace('@', '_at_')}": estimate.value for name, estimate in metrics.items()}
    return found | {f"ms/{name}": timing.p50 for name, timing in report.timings_ms.items()}


def _files(report: Report, comparisons: Mapping[str, Comparison]) -> dict[str, dict[str, object]]:
    dumped = report.model_dump(mode="json", include={"metrics", "kinds", "rows"})
    files: dict[str, dict[str, object]] = {"rows.json": {"rows": dumped.pop("rows")}, "intervals.json": dumped}
    if comparisons:
        files["comparisons.json"] = {name: each.model_dump(mode="json") for name, each in comparisons.items()}
    return files


def _text(value: object) -> str:
    return (value if isinstance(value, str) else json.dumps(value))[:_LONGEST_PARAMETER]


def open_client(uri: str) -> "MlflowClient":
    """Return a client of a tracking server (`http://…`) or of a database in this process (`sqlite:///…`)."""
    os.environ.update({name: value for name, value in _ENVIRONMENT.items() if name not in os.environ})
    if uri.startswith(_SQLITE):
        Path(uri.removeprefix(_SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SADeprecationWarning)  # MLflow 3.17 on SQLAlchemy 2.1
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        client = MlflowClient(uri, uri)
        if uri.startswith(_SQLITE):
            client.search_experiments(max_results=1)  # makes the tables, and warns as above
        return client


def _experiment(client: "MlflowClient", uri: str, tenant: str) -> str:
    from mlflow.exceptions import MlflowException

    name = f"{EXPERIMENT}/{tenant}"
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, _artifacts(uri)))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    if found is None:
        raise TrackingFailed(f"The experiment {name} comes and goes.")
    if found.lifecycle_stage != "active":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _run_of_job(client: "MlflowClient", experiment: str, job_id: str, name: str) -> str:
    runs = client.search_runs([experiment], f"tags.{JOB_TAG} = '{job_id}'", max_results=1)
    run = runs[0] if runs else client.create_run(experiment, tags={JOB_TAG: job_id, "set": name}, run_name=name)
    return str(run.info.run_id)


def _artifacts(uri: str) -> str | None:
    """Return where an embedded MLflow keeps files; a server decides that by itself."""
    if not uri.startswith(_SQLITE):
        return None
    return (Path(uri.removeprefix(_SQLITE)).resolve().parent / "mlflow-artifacts").as_uri()
