"""The model registry kept by MLflow: a server reached by HTTP, or a SQLite file and a folder in this process.

A tenant's model `m` is the registered model `tenant--m`, and its runs are in the experiment `tenant/m`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.registry.mlflow_client import artifact_location, open_client
from prediction.registry.ports import Alias, ModelVersion, TrainedModel

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion
    from mlflow.entities.model_registry import RegisteredModel

PAGE = 1_000
JOB_TAG = "job_id"
HASH_TAG = "bundle_sha256"
METRICS_TAG = "metrics"
BUNDLE = "bundle"
EVALUATION = "evaluation"
PLOTS = "plots"


class MlflowModelRegistry:
    """See `ModelRegistry`. Opens the connection at the first call."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    @cached_property
    def _client(self) -> "MlflowClient":
        return open_client(self._uri)

    def models(self) -> Sequence[tuple[str, str]]:
        """Return every (tenant, model)."""
        return list(self.all_aliases())

    def versions(self, tenant: str, model: str) -> Sequence[ModelVersion]:
        """Return the versions of a model, newest first."""
        with _translated(f"There is no model {model}."):
            self._client.get_registered_model(_name(tenant, model))
            found = self._search_versions(f"name='{_name(tenant, model)}'")
            return sorted((_version(entry) for entry in found), key=lambda entry: -int(entry.version))

    def version(self, tenant: str, model: str, version: str) -> ModelVersion:
        """Return one version."""
        if not version.isdecimal():
            raise ModelNotFound(f"There is no version {version} of {model}.")
        with _translated(f"There is no version {version} of {model}."):
            return _version(self._client.get_model_version(_name(tenant, model), version))

    def aliases(self, tenant: str, model: str) -> Mapping[Alias, str]:
        """Return which version has which role."""
        with _translated(f"There is no model {model}."):
            return _roles(self._client.get_registered_model(_name(tenant, model)))

    def all_aliases(self) -> Mapping[tuple[str, str], Mapping[Alias, str]]:
        """Return the roles of every tenant's models."""
        with _translated("There is no registry."):
            return {_owner(entry.name): _roles(entry) for entry in self._registered_models() if "--" in entry.name}

    def set_alias(self, tenant: str, model: str, alias: Alias, version: str) -> None:
        """Give a role to a version."""
        with _translated(f"There is no version {version} of {model}."):
            self._client.set_registered_model_alias(_name(tenant, model), alias.value, version)

    def remove_alias(self, tenant: str, model: str, alias: Alias) -> None:
        """Take a role away."""
        with _translated(f"There is no model {model}."):
            self._client.delete_registered_model_alias(_name(tenant, model), alias.value)

    def download(self, version: ModelVersion, into: Path) -> Path:
        """Copy a version's bundle into a folder and return the bundle's folder."""
        return self._download(version, BUNDLE, into)

    def download_evaluation(self, version: ModelVersion, into: Path) -> Path:
        """Copy a version's evaluation folder into a folder and return it."""
        return self._download(version, EVALUATION, into)

    def version_of_job(self, tenant: str, model: str, job_id: str) -> ModelVersion | None:
        """Return the version that a job registered: the first, should there be several."""
        with _translated(f"There is no model {model}."):
            found = self._search_versions(f"name='{_name(tenant, model)}' and tags.{JOB_TAG}='{job_id}'")
            return _version(min(found, key=lambda entry: int(entry.version))) if found else None

    def register(self, tenant: str, model: str, trained: TrainedModel) -> ModelVersion:
        """Store a trained model: parameters, metrics and files in a run, and a version that points to it."""
        with _translated(f"There is no model {model}."):
            existing = self.version_of_job(tenant, model, trained.job_id)
            if existing is not None:
                return existing
            run_id, source = self._log_run(tenant, model, trained)
            self._ensure_model(_name(tenant, model))
            tags = {
                **trained.tags,
                JOB_TAG: trained.job_id,
                HASH_TAG: trained.bundle_sha256,
                METRICS_TAG: json.dumps({name: round(value, 6) for name, value in trained.metrics.items()}),
            }
            self._client.create_model_version(_name(tenant, model), f"{source}/{BUNDLE}", run_id, tags=tags)
            return self._keep_first(tenant, model, trained.job_id)

    def ping(self) -> None:
        """Return when the registry answers."""
        with _translated("There is no registry."):
            self._client.search_registered_models(max_results=1)

    def _log_run(self, tenant: str, model: str, trained: TrainedModel) -> tuple[str, str]:
        from mlflow.entities import Metric, Param

        run_id, source = self._run_of_job(self._experiment(tenant, model), trained.job_id)
        now = int(datetime.now(UTC).timestamp() * 1000)
        metrics = [Metric(name, value, now, 0) for name, value in trained.metrics.items()]
        params = [Param(name, value[:6000]) for name, value in trained.params.items()]
        self._client.log_batch(run_id, metrics=metrics, params=params)
        for folder, name in ((trained.bundle, BUNDLE), (trained.evaluation, EVALUATION), (trained.plots, PLOTS)):
            self._client.log_artifacts(run_id, str(folder), name)
        self._client.set_terminated(run_id)
        return run_id, source

    def _run_of_job(self, experiment: str, job_id: str) -> tuple[str, str]:
        """Return the run that an interrupted attempt at the job has begun, or a new one."""
        runs = self._client.search_runs([experiment], f"tags.{JOB_TAG} = '{job_id}'", max_results=1)
        run = runs[0] if runs else self._client.create_run(experiment, tags={JOB_TAG: job_id})
        return str(run.info.run_id), str(run.info.artifact_uri)

    def _experiment(self, tenant: str, model: str) -> str:
        from mlflow.exceptions import MlflowException

        name = f"{quote(tenant, safe='._-')}/{model}"
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name, artifact_location(self._uri)))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                found = self._client.get_experiment_by_name(name)
        if found is None:
            raise RegistryUnavailable(f"The experiment {name} comes and goes.", retry_after=5)
        if found.lifecycle_stage != "active":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _ensure_model(self, name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _keep_first(self, tenant: str, model: str, job_id: str) -> ModelVersion:
        """Delete what two workers on the same job have registered beyond the first, and return the first."""
        name = _name(tenant, model)
        found = self._search_versions(f"name='{name}' and tags.{JOB_TAG}='{job_id}'")
        first, *others = sorted(found, key=lambda entry: int(entry.version))
        for other in others:
            self._client.delete_model_version(name, str(other.version))
        return _version(first)

    def _download(self, version: ModelVersion, folder: str, into: Path) -> Path:
        into.mkdir(parents=True, exist_ok=True)
        with _translated(f"Version {version.version} of {version.model} has no files."):
            return Path(self._client.download_artifacts(version.run_id, folder, str(into)))

    def _registered_models(self) -> "Iterator[RegisteredModel]":
        token: str | None = None
        while True:
            page = self._client.search_registered_models(max_results=PAGE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _search_versions(self, query: str) -> "list[MlflowVersion]":
        found: list[MlflowVersion] = []
        token: str | None = None
        while True:
            page = self._client.search_model_versions(query, max_results=PAGE, page_token=token)
            found.extend(page)
            token = page.token
            if not token:
                return found


@contextmanager
def _translated(missing: str) -> Iterator[None]:
    """Turn MLflow's errors into the service's."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise ModelNotFound(missing) from error
        raise RegistryUnavailable("The model registry does not answer.", retry_after=5) from error
    except OSError as error:
        raise RegistryUnavailable("The model registry does not answer.", retry_after=5) from error


def _name(tenant: str, model: str) -> str:
    return f"{quote(tenant, safe='._-')}--{model}"


def _owner(name: str) -> tuple[str, str]:
    tenant, _, model = name.rpartition("--")
    return unquote(tenant), model


def _roles(entry: "RegisteredModel") -> dict[Alias, str]:
    known = {alias.value for alias in Alias}
    return {Alias(alias): str(version) for alias, version in entry.aliases.items() if alias in known}


def _version(entry: "MlflowVersion") -> ModelVersion:
    tenant, model = _owner(entry.name)
    tags = dict(entry.tags)
    return ModelVersion(
        tenant=tenant,
        model=model,
        version=str(entry.version),
        run_id=entry.run_id or "",
        created_at=datetime.fromtimestamp(entry.creation_timestamp / 1000, UTC),
        bundle_sha256=tags.pop(HASH_TAG, ""),
        metrics=json.loads(tags.pop(METRICS_TAG, "{}")),
        tags=tags,
    )
