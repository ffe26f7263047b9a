"""The worker process: `celery -A prediction.worker:celery worker`, and `... beat` for what happens by schedule."""

from prediction import __version__
from prediction.bootstrap import worker_resources
from prediction.jobs import catalog_for
from prediction.settings import PredictionSettings
from servicekit.jobs.worker import build_worker
from servicekit.settings import load_settings

settings = load_settings(PredictionSettings)
catalog = catalog_for(settings)
celery = build_worker(settings, catalog, worker_resources, version=__version__)
