"""A model registry for tests and trials: roles in memory, files in a folder."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.registry.ports import Alias, ModelVersion, TrainedModel

Key = tuple[str, str]


class MemoryModelRegistry:
    """See `ModelRegistry`. While `reachable` is false, every call raises `RegistryUnavailable`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(tempfile.gettempdir()) / f"models-{uuid4().hex}"
        self._versions: dict[Key, list[ModelVersion]] = {}
        self._aliases: dict[Key, dict[Alias, str]] = {}
        self.reachable = True

    def models(self) -> Sequence[Key]:
        """Return every (tenant, model)."""
        self.ping()
        return list(self._versions)

    def versions(self, tenant: str, model: str) -> Sequence[ModelVersion]:
        """Return the versions of a model, newest first."""
        return list(reversed(self._of(tenant, model)))

    def version(self, tenant: str, model: str, version: str) -> ModelVersion:
        """Return one version."""
        for entry in self._of(tenant, model):
            if entry.version == version:
                return entry
        raise ModelNotFound(f"There is no version {version} of {model}.")

    def aliases(self, tenant: str, model: str) -> Mapping[Alias, str]:
        """Return which version has which role."""
        self._of(tenant, model)
        return dict(self._aliases[(tenant, model)])

    def all_aliases(self) -> Mapping[Key, Mapping[Alias, str]]:
        """Return the roles of every tenant's models."""
        self.ping()
        return {key: dict(roles) for key, roles in self._aliases.items()}

    def set_alias(self, tenant: str, model: str, alias: Alias, version: str) -> None:
        """Give a role to a version."""
        self._aliases[(tenant, model)][alias] = self.version(tenant, model, version).version

    def remove_alias(self, tenant: str, model: str, alias: Alias) -> None:
        """Take a role away."""
        self._of(tenant, model)
        self._aliases[(tenant, model)].pop(alias, None)

    def download(self, version: ModelVersion, into: Path) -> Path:
        """Copy a version's bundle."""
        return self._copy(version, "bundle", into)

    def download_evaluation(self, version: ModelVersion, into: Path) -> Path:
        """Copy a version's evaluation folder."""
        return self._copy(version, "evaluation", into)

    def version_of_job(self, tenant: str, model: str, job_id: str) -> ModelVersion | None:
        """Return the version that a job registered."""
        self.ping()
        entries = self._versions.get((tenant, model), [])
        return next((entry for entry in entries if entry.tags.get("job_id") == job_id), None)

    def register(self, tenant: str, model: str, trained: TrainedModel) -> ModelVersion:
        """Store a trained model as the next version."""
        existing = self.version_of_job(tenant, model, trained.job_id)
        if existing is not None:
            return existing
        entries = self._versions.setdefault((tenant, model), [])
        self._aliases.setdefault((tenant, model), {})
        version = ModelVersion(
            tenant=tenant,
            model=model,
            version=str(len(entries) + 1),
            run_id=f"{tenant}-{model}-{len(entries) + 1}",
            created_at=datetime.now(UTC),
            bundle_sha256=trained.bundle_sha256,
            metrics=dict(trained.metrics),
            tags={**trained.tags, "job_id": trained.job_id},
        )
        for name in ("bundle", "evaluation", "plots"):
            shutil.copytree(getattr(trained, name), self._folder / version.run_id / name)
        entries.append(version)
        return version

    def ping(self) -> None:
        """Return when the registry answers."""
        if not self.reachable:
            raise RegistryUnavailable("The model registry does not answer.", retry_after=5)

    def _of(self, tenant: str, model: str) -> list[ModelVersion]:
        self.ping()
        if (tenant, model) not in self._versions:
            raise ModelNotFound(f"There is no model {model}.")
        return self._versions[(tenant, model)]

    def _copy(self, version: ModelVersion, name: str, into: Path) -> Path:
        self.ping()
        return shutil.copytree(self._folder / version.run_id / name, into / name, dirs_exist_ok=True)
