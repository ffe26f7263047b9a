"""The worker process: `celery -A rag.worker:celery worker`, and `... beat` for what happens by schedule."""

import asyncio
import sys

from rag import __version__
from rag.bootstrap import refuse_mismatch, worker_resources
from rag.indexing.collections import IndexMismatch
from rag.jobs import catalog_for
from rag.settings import RagSettings
from servicekit.jobs.worker import build_worker
from servicekit.settings import EXIT_CONFIGURATION, load_settings

settings = load_settings(RagSettings)
try:
    asyncio.run(refuse_mismatch(settings))
except IndexMismatch as mismatch:
    sys.stderr.write(f"Settings refused: {mismatch}\n")
    raise SystemExit(EXIT_CONFIGURATION) from None
catalog = catalog_for(settings)
celery = build_worker(settings, catalog, worker_resources, version=__version__)
