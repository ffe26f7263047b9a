"""The folder of bundles that serve, and the memory of which ones did: all that a start without the registry needs."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec
import structlog

from prediction.registry.ports import ModelRegistry, ModelVersion

ModelKey = tuple[str, str]  # tenant, model
_MEMORY = "served.json"
_log = structlog.get_logger(__name__)


class Remembered(msgspec.Struct, frozen=True):
    """What a slot consisted of when it last changed."""

    tenant: str
    model: str
    champion: ModelVersion
    challenger: ModelVersion | None = None
    spare: ModelVersion | None = None
    canary_percent: float = 0
    shadow: bool = False

    def versions(self) -> list[ModelVersion]:
        """Return the versions that the slot needs."""
        return [version for version in (self.champion, self.challenger, self.spare) if version is not None]


_decode_memory = msgspec.json.Decoder(list[Remembered]).decode


class BundleCache:
    """Keeps the bundles of served versions in a folder of this machine. Nothing in it is trusted unverified."""

    def __init__(self, folder: Path, registry: ModelRegistry) -> None:
        self._folder = folder
        self._registry = registry

    def fetch(self, version: ModelVersion) -> Path:
        """Return the folder of a version's bundle, downloading it unless it is there.

        Raises:
            RegistryUnavailable: it is not there, and the registry cannot be reached.
        """
        target = self._path(version)
        if not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as scratch:
                bundle = self._registry.download(version, Path(scratch))
                _move(bundle, target)
        return target

    def discard(self, version: ModelVersion) -> None:
        """Forget a bundle, so that the next fetch downloads it again."""
        shutil.rmtree(self._path(version), ignore_errors=True)

    def keep_only(self, key: ModelKey, versions: Iterable[ModelVersion]) -> None:
        """Delete a model's bundles but for those of the given versions."""
        kept = {self._path(version) for version in versions}
        folder = self._model_folder(*key)
        for path in folder.iterdir() if folder.is_dir() else ():
            if path not in kept and not path.name.startswith("."):
                shutil.rmtree(path, ignore_errors=True)

    def remember(self, slots: Mapping[ModelKey, Remembered]) -> None:
        """Write down which versions serve."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".served-", delete=False) as file:
            file.write(msgspec.json.encode(list(slots.values())))
        os.replace(file.name, self._folder / _MEMORY)  # noqa: PTH105 - atomic, and `file.name` is text

    def recall(self) -> dict[ModelKey, Remembered]:
        """Return what was last remembered; nothing when there is no such file or it is damaged."""
        try:
            slots = _decode_memory((self._folder / _MEMORY).read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("served_models_memory_unreadable", error=str(error))
            return {}
        return {(slot.tenant, slot.model): slot for slot in slots}

    def _model_folder(self, tenant: str, model: str) -> Path:
        return self._folder / _safe(tenant) / _safe(model)

    def _path(self, version: ModelVersion) -> Path:
        return self._model_folder(version.tenant, version.model) / f"{_safe(version.version)}-{version.bundle_sha256}"


def _safe(name: str) -> str:
    """Return a file name that is different for different names and stays inside its folder."""
    return f"@{quote(name, safe='')}"


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was faster, and has the same bundle
            raise
