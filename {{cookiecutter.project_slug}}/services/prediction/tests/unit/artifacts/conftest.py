"""A small real bundle, sealed, and ways to poison it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from prediction.artifacts import bundle
from prediction.artifacts.schema import ModelSchema
from prediction.registry.ports import ModelVersion

MakeVersion = Callable[..., ModelVersion]


@pytest.fixture
def sealed(make_version: MakeVersion, flats: ModelSchema) -> tuple[Path, str]:
    """The folder of a good bundle and its hash."""
    version = make_version("rents", "1", flats)
    return make_version.folders[version.bundle_sha256], version.bundle_sha256


@pytest.fixture
def reseal() -> Callable[[Path], str]:
    """Seal a folder anew, as an attacker with access to the registry would."""

    def seal(folder: Path) -> str:
        (folder / bundle.MANIFEST).unlink()
        return bundle.seal(folder)

    return seal
