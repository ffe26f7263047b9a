"""Bringing a version into memory: fetch, verify, open, warm up; and remembering what went wrong with which."""

import asyncio
import time
from dataclasses import dataclass

import structlog

from prediction.artifacts.bundle import BundleRefused
from prediction.artifacts.scorer import Scorer
from prediction.registry.ports import ModelVersion
from prediction.serving.cache import BundleCache
from prediction.serving.models import LoadedModel

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 120.0  # seconds before a failed load is tried again
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class LoadCounts:
    """What became of the versions that this process tried to load."""

    loaded: int = 0
    refused: int = 0  # the bundle must not be used; never tried again
    failed: int = 0  # could not be fetched or opened; tried again later


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a version is not in memory, and when it may be tried again."""

    version: ModelVersion
    reason: str
    refused: bool
    pause: float = 0
    retry_at: float = float("inf")


class ModelLoader:
    """Loads versions. A refused one is refused for good, another failure is retried after a growing pause."""

    def __init__(self, cache: BundleCache) -> None:
        self._cache = cache
        self.failures: dict[str, Failure] = {}  # by the bundle's hash
        self.counts = LoadCounts()

    async def load(self, version: ModelVersion) -> LoadedModel | None:
        """Return the version ready to answer, or None, with the reason in `failures`."""
        failure = self.failures.get(version.bundle_sha256)
        if failure is not None and time.monotonic() < failure.retry_at:
            return None
        try:
            model = await asyncio.to_thread(self._open, version)
        except BundleRefused as refusal:
            self._refuse(version, refusal)
            return None
        except Exception as error:  # a registry or a disk can fail in any way; whatever serves goes on serving
            self._put_off(version, error, failure)
            return None
        self.failures.pop(version.bundle_sha256, None)
        self.counts.loaded += 1
        return model

    def forget(self, wanted: set[str]) -> None:
        """Drop the failures of bundles that nobody wants any more."""
        self.failures = {sha: failure for sha, failure in self.failures.items() if sha in wanted}

    def _open(self, version: ModelVersion) -> LoadedModel:
        scorer = Scorer.open(self._cache.fetch(version), version.bundle_sha256)
        model = LoadedModel(version, scorer)
        model.score(scorer.encoder.encode([[feature.typical for feature in scorer.schema.features]]))
        return model

    def _refuse(self, version: ModelVersion, refusal: BundleRefused) -> None:
        self.counts.refused += 1
        self._cache.discard(version)
        self.failures[version.bundle_sha256] = Failure(version, str(refusal), refused=True)
        _log.error("bundle_refused", model=version.model, model_version=version.version, reason=str(refusal))

    def _put_off(self, version: ModelVersion, error: Exception, before: Failure | None) -> None:
        self.counts.failed += 1
        pause = min(before.pause * 2, _LONGEST_PAUSE) if before else _FIRST_PAUSE
        reason = f"{type(error).__name__}: {error}"
        self.failures[version.bundle_sha256] = Failure(version, reason, False, pause, time.monotonic() + pause)
        _log.warning(
            "model_load_failed", model=version.model, model_version=version.version, reason=reason, retry_in=pause
        )
