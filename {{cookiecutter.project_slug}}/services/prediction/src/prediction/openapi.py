"""The OpenAPI document without a running service; the committed one is `services/prediction/openapi.json`."""

import json
import tempfile
from pathlib import Path

from prediction import __version__
from prediction.app import assemble
from prediction.bootstrap import build_services
from prediction.catalog import catalog
from prediction.registry.memory import MemoryModelRegistry
from prediction.settings import PredictionSettings
from servicekit.kit import build_kit


def document() -> str:
    """Return the document as JSON. It does not depend on the environment, and nothing is opened."""
    with tempfile.TemporaryDirectory() as folder:
        settings = PredictionSettings.model_construct(data_dir=Path(folder), environment="test")
        kit = build_kit(settings, catalog=catalog, version=__version__)
        services = build_services(kit, settings, MemoryModelRegistry())
        return json.dumps(assemble(services, services.running).openapi(), indent=2, ensure_ascii=False) + "\n"
