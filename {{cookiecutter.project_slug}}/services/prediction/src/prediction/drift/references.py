"""Where the reference of a version comes from."""

import tempfile
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Protocol

from prediction.artifacts import bundle
from prediction.drift.reference import Reference
from prediction.registry.ports import ModelRegistry

KEPT = 32  # references in memory: versions never change, and a bundle can be large to fetch


class ReferenceSource(Protocol):
    """Gives the training reference of a version."""

    def reference(self, tenant: str, model: str, version: str) -> Reference:
        """Return the reference; blocks.

        Raises `ModelNotFound`, `RegistryUnavailable`, or `BundleRefused` when the bundle is not the registered one.
        """
        ...


class BundleReferences:
    """Takes references out of the registry's bundles, after checking that nothing in the bundle was changed."""

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry
        self._kept: OrderedDict[str, Reference] = OrderedDict()
        self._lock = Lock()

    def reference(self, tenant: str, model: str, version: str) -> Reference:
        """Return the reference of a version, from memory when it was asked for before."""
        entry = self._registry.version(tenant, model, version)
        with self._lock:
            if known := self._kept.get(entry.bundle_sha256):
                self._kept.move_to_end(entry.bundle_sha256)
                return known
        with tempfile.TemporaryDirectory(prefix="reference-") as scratch:
            folder = self._registry.download(entry, Path(scratch))
            bundle.verify(folder, entry.bundle_sha256)
            reference = Reference.model_validate_json((folder / bundle.REFERENCE).read_bytes())
        with self._lock:
            self._kept[entry.bundle_sha256] = reference
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return reference
