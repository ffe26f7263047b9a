"""What the service needs of a model registry, whichever product keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Alias(StrEnum):
    """The roles a version can have. One version may have several, one role at most one version."""

    CHAMPION = "champion"  # answers requests
    CHALLENGER = "challenger"  # waits for promotion; may get a share of the traffic
    PREVIOUS = "previous"  # was champion before; `rollback` returns to it


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One immutable version of a tenant's model."""

    tenant: str
    model: str
    version: str
    run_id: str
    created_at: datetime
    bundle_sha256: str  # SHA-256 of the bundle's manifest, which holds the SHA-256 of every file
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What a training hands to the registry."""

    job_id: str  # registering the same job again returns the version that is there
    bundle: Path  # a sealed bundle
    bundle_sha256: str
    evaluation: Path  # a folder: the held-out table, by which later versions are compared with this one
    plots: Path  # a folder of PNG files
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class ModelRegistry(Protocol):
    """Versions, aliases and bundles of every tenant's models.

    Calls block (registries are reached over HTTP or a database), so async code runs them in a thread. Every method
    raises `RegistryUnavailable` when the registry cannot be reached, and `ModelNotFound` for a model or version not
    there.
    """

    def models(self) -> Sequence[tuple[str, str]]:
        """Return every (tenant, model)."""
        ...

    def versions(self, tenant: str, model: str) -> Sequence[ModelVersion]:
        """Return the versions of a model, newest first."""
        ...

    def version(self, tenant: str, model: str, version: str) -> ModelVersion:
        """Return one version."""
        ...

    def aliases(self, tenant: str, model: str) -> Mapping[Alias, str]:
        """Return which version has which role."""
        ...

    def all_aliases(self) -> Mapping[tuple[str, str], Mapping[Alias, str]]:
        """Return the roles of every tenant's models in one call; `ReleaseBoard` asks every few seconds."""
        ...

    def set_alias(self, tenant: str, model: str, alias: Alias, version: str) -> None:
        """Give a role to a version, taking it from the one that had it."""
        ...

    def remove_alias(self, tenant: str, model: str, alias: Alias) -> None:
        """Take a role away; does nothing when no version has it."""
        ...

    def download(self, version: ModelVersion, into: Path) -> Path:
        """Copy a version's bundle into the folder `into` and return the bundle's folder. Nothing is verified here."""
        ...

    def download_evaluation(self, version: ModelVersion, into: Path) -> Path:
        """Copy a version's evaluation folder into the folder `into` and return it."""
        ...

    def version_of_job(self, tenant: str, model: str, job_id: str) -> ModelVersion | None:
        """Return the version that a training job registered, if it did."""
        ...

    def register(self, tenant: str, model: str, trained: TrainedModel) -> ModelVersion:
        """Store a trained model as the next version of `model`; the same job is registered once."""
        ...

    def ping(self) -> None:
        """Return when the registry answers."""
        ...
