"""The OpenAPI document without a running service; the committed one is `services/rag/openapi.json`."""

import json
import tempfile
from pathlib import Path

from rag import __version__
from rag.app import assemble
from rag.bootstrap import build_services
from rag.jobs import catalog
from rag.settings import RagSettings
from servicekit.kit import build_kit


def document() -> str:
    """Return the document as JSON. It does not depend on the environment, and nothing is opened."""
    with tempfile.TemporaryDirectory() as folder:
        settings = RagSettings.model_construct(data_dir=Path(folder), environment="test")
        kit = build_kit(settings, catalog=catalog, version=__version__)
        services = build_services(kit, settings)
        return json.dumps(assemble(services, services.running).openapi(), indent=2, ensure_ascii=False) + "\n"
