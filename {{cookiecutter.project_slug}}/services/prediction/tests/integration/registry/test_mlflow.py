from pathlib import Path
from typing import Protocol

import pytest

from prediction.registry.errors import RegistryUnavailable
from prediction.registry.mlflow import MlflowModelRegistry
from prediction.registry.mlflow_client import artifact_location, open_client
from prediction.registry.ports import TrainedModel


class Trainer(Protocol):
    def train(self, *, seed: int, baseline: bool = True, job_id: str = "") -> TrainedModel: ...


@pytest.fixture
def uri(empty_mlflow: Path, tmp_path: Path) -> str:
    (tmp_path / "mlflow.db").write_bytes(empty_mlflow.read_bytes())
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_a_run_holds_parameters_measures_and_files(uri: str, trainer: Trainer, tmp_path: Path) -> None:
    version = MlflowModelRegistry(uri).register("acme", "rents", trainer.train(seed=1))
    client = open_client(uri)
    run = client.get_run(version.run_id)
    assert run.data.params == {"estimator": "linear"}
    assert run.data.metrics == {"rmse": 1.5}
    assert run.info.status == "FINISHED"
    assert {entry.path for entry in client.list_artifacts(version.run_id)} == {"bundle", "evaluation", "plots"}
    assert run.info.artifact_uri.startswith((tmp_path / "mlflow-artifacts").as_uri())


def test_an_interrupted_attempt_is_continued_in_its_run(uri: str, trainer: Trainer) -> None:
    client = open_client(uri)
    experiment = client.create_experiment("acme/rents", artifact_location(uri))
    begun = client.create_run(experiment, tags={"job_id": "job-3"})
    version = MlflowModelRegistry(uri).register("acme", "rents", trainer.train(seed=1, job_id="job-3"))
    assert version.run_id == begun.info.run_id


def test_two_workers_on_one_job_leave_one_version(uri: str, trainer: Trainer) -> None:
    registry = MlflowModelRegistry(uri)
    first = registry.register("acme", "rents", trainer.train(seed=1, job_id="job-3"))
    client = open_client(uri)
    client.create_model_version("acme--rents", "file:///x", first.run_id, tags={"job_id": "job-3"})
    assert registry._keep_first("acme", "rents", "job-3") == first
    assert [version.version for version in registry.versions("acme", "rents")] == ["1"]


def test_other_peoples_models_are_not_looked_at(uri: str) -> None:
    open_client(uri).create_registered_model("somebody elses model")
    assert MlflowModelRegistry(uri).all_aliases() == {}


def test_an_experiment_deleted_in_mlflow_comes_back(uri: str, trainer: Trainer) -> None:
    client = open_client(uri)
    client.delete_experiment(client.create_experiment("acme/rents", artifact_location(uri)))
    assert MlflowModelRegistry(uri).register("acme", "rents", trainer.train(seed=1)).version == "1"


def test_a_server_that_is_away_is_unavailable() -> None:
    registry = MlflowModelRegistry("http://127.0.0.1:21299")
    with pytest.raises(RegistryUnavailable) as error:
        registry.ping()
    assert error.value.retry_after == 5


def test_a_server_decides_by_itself_where_files_are_kept() -> None:
    assert artifact_location("http://mlflow:5000") is None
