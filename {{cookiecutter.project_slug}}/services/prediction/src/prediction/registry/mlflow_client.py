"""A quiet MLflow client. Everything that MLflow takes from its environment is decided here.

Importing MLflow takes a second or two, and the first use of an empty SQLite registry about as long, so both wait until
a registry is needed.
"""

import logging
import os
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SADeprecationWarning

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQLITE = "sqlite:///"
ENVIRONMENT = {  # MLflow has no other way to be told
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",  # seconds; its default of 120 would hold a request's thread
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its default of 7 takes minutes to say that a server is away
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_lock = threading.Lock()


def open_client(uri: str) -> "MlflowClient":
    """Return a client of a tracking server (`http://...`) or of a database in this process (`sqlite:///...`)."""
    with _lock:
        os.environ.update({name: value for name, value in ENVIRONMENT.items() if name not in os.environ})
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        if uri.startswith(SQLITE):
            Path(uri.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SADeprecationWarning)  # MLflow 3.17 on SQLAlchemy 2.1
            from mlflow import MlflowClient

            logging.getLogger("mlflow").setLevel(logging.WARNING)
            client = MlflowClient(uri, uri)
            if uri.startswith(SQLITE):
                client.search_registered_models(max_results=1)  # makes the tables, which must not happen twice at once
            return client


def artifact_location(uri: str) -> str | None:
    """Return where the files of an embedded registry are kept; a server decides that by itself."""
    if not uri.startswith(SQLITE):
        return None
    return (Path(uri.removeprefix(SQLITE)).resolve().parent / "mlflow-artifacts").as_uri()
