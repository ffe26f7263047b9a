import numpy as np
import pytest

from prediction.artifacts import bundle
from prediction.artifacts.bundle import BundleRefused
from prediction.drift import references
from prediction.drift.reference import build_reference
from prediction.drift.references import BundleReferences
from prediction.registry.errors import ModelNotFound
from prediction.registry.memory import MemoryModelRegistry


class CountingRegistry(MemoryModelRegistry):
    downloads = 0

    def download(self, version, into):
        self.downloads += 1
        return super().download(version, into)


@pytest.fixture
def registry(tmp_path):
    return CountingRegistry(tmp_path / "registry")


@pytest.fixture
def register(registry, make_version, flowers):
    """Register a version that has a real reference."""
    columns = {feature.name: np.linspace(1, 5, 50) for feature in flowers.features}
    reference = build_reference(flowers, columns, np.full((50, 3), 1 / 3))

    def register(number: int):
        trained = make_version.trained("flowers", str(number), flowers, seed=number)
        (trained.bundle / bundle.REFERENCE).write_text(reference.model_dump_json())
        sealed = bundle.seal(trained.bundle)
        return registry.register("acme", "flowers", type(trained)(**_fields(trained) | {"bundle_sha256": sealed}))

    return register


def _fields(trained) -> dict:
    return {name: getattr(trained, name) for name in type(trained).__dataclass_fields__}


def test_a_reference_is_fetched_once(registry, register) -> None:
    version = register(1)
    source = BundleReferences(registry)
    first = source.reference("acme", "flowers", version.version)
    assert source.reference("acme", "flowers", version.version) is first
    assert registry.downloads == 1
    assert set(first.outputs) == {"label", "confidence"}


def test_only_some_are_kept(registry, register) -> None:
    source = BundleReferences(registry)
    versions = [register(number) for number in range(references.KEPT + 1)]
    for version in versions:
        source.reference("acme", "flowers", version.version)
    before = registry.downloads
    source.reference("acme", "flowers", versions[0].version)
    assert registry.downloads == before + 1


def test_a_changed_bundle_is_refused(registry, register, tmp_path) -> None:
    version = register(1)
    for path in (tmp_path / "registry").rglob(bundle.REFERENCE):
        path.write_text("{}")
    with pytest.raises(BundleRefused):
        BundleReferences(registry).reference("acme", "flowers", version.version)


def test_an_unknown_version_is_not_found(registry) -> None:
    with pytest.raises(ModelNotFound):
        BundleReferences(registry).reference("acme", "flowers", "9")
