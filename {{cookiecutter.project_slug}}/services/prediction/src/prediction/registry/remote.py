"""A running service as the command line sees it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prediction.settings import PredictionSettings
from servicekit import remote
from servicekit.remote import Json, RemoteRefused, if_running

__all__ = ["RemoteRefused", "RemoteService", "find_service"]


class RemoteService(remote.RemoteService):
    """A client of the prediction API, closed at the end of a `with` block."""

    def upload(self, path: Path) -> Json:
        """Upload a data set; the same content is there once."""
        with path.open("rb") as file:
            return self.send("POST", "/v1/datasets", files={"file": (path.name, file)})

    def train(self, model: str, body: Mapping[str, Any]) -> Json:
        """Start a training and return its job."""
        return self.send("POST", f"/v1/models/{model}/trainings", json=body)

    def promote(self, model: str, body: Mapping[str, Any]) -> Json:
        """Promote a version and return the model."""
        return self.send("POST", f"/v1/models/{model}/promote", json=body)

    def rollback(self, model: str, body: Mapping[str, Any]) -> Json:
        """Roll back and return the model."""
        return self.send("POST", f"/v1/models/{model}/rollback", json=body)


def find_service(settings: PredictionSettings, url: str | None, key: str | None) -> RemoteService | None:
    """Return the service that runs at the address, or None when nothing answers there or there is no key to use."""
    if key is None:
        secret = settings.prediction_key or settings.auth.development_key
        key = secret.get_secret_value() if secret else None
    return if_running(RemoteService(url or settings.prediction_url, key)) if key else None
