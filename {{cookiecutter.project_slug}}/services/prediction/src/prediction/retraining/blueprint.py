"""How a version was made, so that the next one is made alike."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from prediction.artifacts import bundle
from prediction.artifacts.schema import ModelSchema
from prediction.registry.ports import ModelRegistry
from prediction.training.card import ModelCard
from prediction.training.options import TrainingOptions


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The signature of a version, and the options of its training."""

    schema: ModelSchema
    options: TrainingOptions

    def next_options(self) -> TrainingOptions:
        """Return the options of a training on labelled predictions.

        They come in the order of time, so the newest are held out; and the gate is asked at once.
        """
        changes = {"in_order": True, "time_column": None, "exclude": (), "max_rows": None, "promote": True}
        return self.options.model_copy(update=changes)


def read_blueprint(registry: ModelRegistry, tenant: str, model: str, version: str) -> Blueprint:
    """Read a version's bundle after checking it; blocks. Raises what the registry raises, and `BundleRefused`."""
    entry = registry.version(tenant, model, version)
    with tempfile.TemporaryDirectory(prefix="blueprint-") as scratch:
        folder = registry.download(entry, Path(scratch))
        bundle.verify(folder, entry.bundle_sha256)
        return Blueprint(
            ModelSchema.model_validate_json((folder / bundle.SCHEMA).read_bytes()),
            ModelCard.model_validate_json((folder / bundle.CARD_JSON).read_bytes()).training.options,
        )
