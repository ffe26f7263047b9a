"""The models that this process serves, kept equal to what is released."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog

from prediction.registry.board import ReleaseState
from prediction.registry.errors import ModelNotFound, RegistryUnavailable
from prediction.registry.ports import ModelVersion
from prediction.serving.cache import BundleCache, ModelKey, Remembered
from prediction.serving.errors import ModelUnavailable, NoChampion
from prediction.serving.loader import ModelLoader
from prediction.serving.models import LoadedModel, Slot
from prediction.serving.settings import ServingSettings

_PAUSE_SECONDS = 0.3  # between two looks at the releases for the sake of requests that name an unknown model
_log = structlog.get_logger(__name__)


class Releases(Protocol):
    """Where it is written which version answers."""

    async def snapshot(self) -> Mapping[ModelKey, ReleaseState]:
        """Return the state of every tenant's models."""
        ...


class ServedModels:
    """Finds the slot of a model, and swaps slots when releases change.

    A swap is one assignment: a request that took the old slot ends on it, the next takes the new one. A version that
    cannot be loaded changes nothing: what served before goes on.
    """

    def __init__(self, releases: Releases, loader: ModelLoader, cache: BundleCache, settings: ServingSettings) -> None:
        self._releases = releases
        self._loader = loader
        self._cache = cache
        self._settings = settings
        self._states: Mapping[ModelKey, ReleaseState] | None = None  # None: the registry was never reached
        self._remembered: dict[ModelKey, Remembered] = {}
        self._looked_at = float("-inf")
        self._turn = asyncio.Lock()
        self.slots: dict[ModelKey, Slot] = {}
        self.swaps = 0
        self.registry_error: str | None = None

    def find(self, tenant: str, model: str) -> Slot | None:
        """Return the slot of a loaded model."""
        slot = self.slots.get((tenant, model))
        if slot is not None:
            slot.last_used = time.monotonic()
        return slot

    async def require(self, tenant: str, model: str) -> Slot:
        """Return the slot of a model, loading it when it is not in memory.

        What is released before the question is asked is in the answer; many questions share one look at the releases.

        Raises:
            ModelNotFound, NoChampion, ModelUnavailable, RegistryUnavailable: why there is none.
        """
        slot = self.find(tenant, model)
        if slot is not None:
            return slot
        key, asked_at = (tenant, model), time.monotonic()
        if self.registry_error and key not in (self._states or {}) and key not in self._remembered:
            # Waiting for the time-outs of a registry that is away would only pile up requests; `_follow` keeps asking.
            raise RegistryUnavailable(f"The registry is away, and no model {model} is known here.", retry_after=5)
        async with self._turn:
            if self._looked_at < asked_at:
                await asyncio.sleep(self._looked_at + _PAUSE_SECONDS - asked_at)
                await self._refresh()
            return self.slots.get(key) or await self._bring(key)

    async def refresh(self) -> None:
        """Look at the releases once and load what changed."""
        async with self._turn:
            await self._refresh()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve what served last, then follow the releases until the block ends.

        Only a process that remembers nothing waits for the registry before it takes requests.
        """
        await self._recall()
        if not self.slots:
            await self.refresh()
        task = asyncio.create_task(self._follow(), name="served-models")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @property
    def degraded(self) -> list[str]:
        """Return what is wrong although models serve."""
        reasons = [f"registry: {self.registry_error}"] if self.registry_error else []
        for failure in self._loader.failures.values():
            reasons.append(f"{failure.version.model} version {failure.version.version}: {failure.reason}")
        return reasons

    async def check_ready(self) -> str | None:
        """Return how serving is restricted, if it is; raise unless the registry was reached or models are in memory."""
        if self._states is None and not self.slots:
            raise RegistryUnavailable(self.registry_error or "The registry has not been reached yet.")
        restrictions = ["the registry is away"] if self.registry_error else []
        if failures := len(self._loader.failures):
            restrictions.append(f"{failures} released version{'s' if failures > 1 else ''} cannot be loaded")
        return ", ".join(restrictions) or None

    async def _follow(self) -> None:
        while True:
            await self.refresh()
            await asyncio.sleep(self._settings.poll_seconds)

    async def _recall(self) -> None:
        """Load what is remembered, so that a start does not depend on the registry."""
        self._remembered = await asyncio.to_thread(self._cache.recall)
        for key, was in list(self._remembered.items())[: self._settings.max_loaded_models]:
            await self._swap(key, _state_of(was))

    async def _refresh(self) -> None:
        looked_at = time.monotonic()
        try:
            states = await self._releases.snapshot()
        except Exception as error:  # the registry or the database may fail in any way; what is loaded goes on serving
            if self.registry_error is None:
                _log.warning("releases_unavailable", error=str(error))
            self.registry_error = f"{type(error).__name__}: {error}"
            return
        finally:
            self._looked_at = looked_at
        self.registry_error, self._states = None, states
        self._loader.forget({version.bundle_sha256 for state in states.values() for version in _versions(state)})
        await self._forget_unreleased(states)
        for key, state in states.items():
            if key in self.slots or len(self.slots) < self._settings.max_loaded_models:
                await self._swap(key, state)

    async def _forget_unreleased(self, states: Mapping[ModelKey, ReleaseState]) -> None:
        gone = [key for key in self._remembered if key not in states or states[key].champion is None]
        for key in gone:
            self.slots.pop(key, None)
            del self._remembered[key]
            await asyncio.to_thread(self._cache.keep_only, key, ())
        if gone:
            await asyncio.to_thread(self._cache.remember, dict(self._remembered))

    async def _bring(self, key: ModelKey) -> Slot:
        """Load a model that is released and not in memory, at the expense of the one idle longest."""
        state = self._released(key)
        await self._swap(key, state)
        slot = self.slots.get(key)
        if slot is None:
            failures = [self._loader.failures.get(version.bundle_sha256) for version in _versions(state)]
            raise ModelUnavailable(key[1], "; ".join(failure.reason for failure in failures if failure))
        if len(self.slots) > self._settings.max_loaded_models:
            del self.slots[min(self.slots.keys() - {key}, key=lambda each: self.slots[each].last_used)]
        return slot

    def _released(self, key: ModelKey) -> ReleaseState:
        state = self._states.get(key) if self._states is not None else None
        if state is None and key in self._remembered:
            return _state_of(self._remembered[key])
        if self._states is None:
            raise RegistryUnavailable("The model registry has not been reached yet.", retry_after=5)
        if state is None:
            hint = "GET /v1/models lists the models there are."
            raise ModelNotFound(f"There is no model named {key[1]}.", hint=hint)
        if state.champion is None:
            raise NoChampion(key[1])
        return state

    async def _swap(self, key: ModelKey, state: ReleaseState) -> None:
        """Put a slot in place that equals the state as nearly as the versions can be loaded."""
        old = self.slots.get(key)
        at_hand = {model.version.bundle_sha256: model for model in old.loaded()} if old else {}
        champion = await self._load(state.champion, at_hand) or (old.champion if old else None)
        champion = champion or await self._load(state.previous, at_hand)
        if champion is None:
            return
        divided = state.canary_percent > 0 or state.shadow
        challenger = await self._load(state.challenger, at_hand) if divided else None
        new = Slot(*key, champion, challenger, _spare(old, champion), state.canary_percent, state.shadow)
        if old is None or not _same(old, new):
            self.slots[key] = new
            self.swaps += 1
            _log.info("model_swapped", model=key[1], model_version=champion.version.version)
            await self._remember(key, new)

    async def _load(self, version: ModelVersion | None, at_hand: Mapping[str, LoadedModel]) -> LoadedModel | None:
        if version is None:
            return None
        model = at_hand.get(version.bundle_sha256)
        return model if model is not None and model.version == version else await self._loader.load(version)

    async def _remember(self, key: ModelKey, slot: Slot) -> None:
        was = Remembered(
            *key,
            champion=slot.champion.version,
            challenger=slot.challenger.version if slot.challenger else None,
            spare=slot.spare.version if slot.spare else None,
            canary_percent=slot.canary_percent,
            shadow=slot.shadow,
        )
        self._remembered[key] = was
        try:
            await asyncio.to_thread(self._cache.remember, dict(self._remembered))
            await asyncio.to_thread(self._cache.keep_only, key, was.versions())
        except OSError as error:  # a full disk costs the memory of this swap, not the swap
            _log.warning("served_models_not_remembered", error=str(error))


def _versions(state: ReleaseState) -> list[ModelVersion]:
    return [version for version in (state.champion, state.challenger, state.previous) if version is not None]


def _state_of(was: Remembered) -> ReleaseState:
    return ReleaseState(
        was.tenant,
        was.model,
        champion=was.champion,
        challenger=was.challenger,
        previous=was.spare,
        canary_percent=int(was.canary_percent),
        shadow=was.shadow,
    )


def _spare(old: Slot | None, champion: LoadedModel) -> LoadedModel | None:
    if old is None:
        return None
    return old.spare if old.champion is champion else old.champion


def _same(old: Slot, new: Slot) -> bool:
    return (old.champion, old.challenger, old.canary_percent, old.shadow) == (
        new.champion,
        new.challenger,
        new.canary_percent,
        new.shadow,
    )
