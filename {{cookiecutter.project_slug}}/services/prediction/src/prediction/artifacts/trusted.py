"""Which types a `model.skops` may hold.

skops itself refuses to build a type that is not trusted. This check comes earlier and builds nothing: it reads the
archive's description and refuses a bundle whose file names any type outside the list.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from prediction.artifacts.bundle import BUNDLE_LIMIT_BYTES, BundleRefused

# What scikit-learn's trees and calibrators need beyond the types that skops trusts by itself.
EXTRA_TYPES = (
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
PLAIN_TYPES = frozenset(
    {
        *(
            f"builtins.{name}"
            for name in ("bool", "dict", "float", "int", "list", "set", "slice", "str", "tuple", "type")
        ),
        *(f"numpy.{name}" for name in ("bool", "dtype", "float32", "float64", "int32", "int64", "ndarray", "uint64")),
        "numpy.random._generator.Generator",
        "numpy.random._mt19937.MT19937",
        "numpy.random._pcg64.PCG64",
        "numpy.random.mtrand.RandomState",
    }
)


def check_skops(path: Path, *, limit_bytes: int = BUNDLE_LIMIT_BYTES) -> None:
    """Raise `BundleRefused` unless the archive is a skops file made of trusted types only."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, limit_bytes)
            description = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BundleRefused("bad_skops", f"{path.name} is not a skops file: {error}") from error
    strange = sorted({name for name in _types(description) if not _is_trusted(name)})
    if strange:
        raise BundleRefused("untrusted_type", f"{path.name} holds types that are not trusted: {', '.join(strange)}")


def _is_trusted(name: str) -> bool:
    return name in PLAIN_TYPES or name.startswith("sklearn.")


def _check_members(archive: zipfile.ZipFile, limit_bytes: int) -> None:
    if sum(member.file_size for member in archive.infolist()) > limit_bytes:
        raise BundleRefused("too_large", "model.skops unpacks to more than the limit")
    strange = [name for name in archive.namelist() if name != "schema.json" and not name.endswith((".npy", ".npz"))]
    if strange:
        raise BundleRefused("bad_skops", f"model.skops holds other files than arrays: {', '.join(strange[:5])}")


def _types(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if "__module__" in node and "__class__" in node:
            yield f"{node['__module__']}.{node['__class__']}"
        for value in node.values():
            yield from _types(value)
    elif isinstance(node, list):
        for value in node:
            yield from _types(value)
