"""Everything these pages ask the service."""

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import JsonValue

from ui.http.api import Api
from ui.http.jobs import Job, Jobs
from ui.sections.prediction.models import (
    Cell,
    DriftHistory,
    Events,
    Model,
    Models,
    OnlineMetrics,
    Predictions,
    Retrainings,
    Schema,
    VersionDetails,
    Versions,
)


class Prediction:
    """The service, as its pages need it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.jobs = Jobs(api)

    def models(self) -> Models:
        """List the models."""
        return self.api.get(Models, "/v1/models")

    def versions(self, model: str) -> Versions:
        """List a model's versions, newest first."""
        return self.api.get(Versions, f"{_path(model)}/versions")

    def version(self, model: str, version: str) -> VersionDetails:
        """Look at one, with its card."""
        return self.api.get(VersionDetails, f"{_path(model)}/versions/{quote(version, safe='')}")

    def schema(self, model: str) -> Schema:
        """Read what a model takes."""
        return self.api.get(Schema, f"{_path(model)}/schema")

    def predict(self, model: str, row: Mapping[str, Cell]) -> Predictions:
        """Predict one row and explain the answer."""
        body: dict[str, JsonValue] = {"rows": [dict(row)], "explain": True}
        return self.api.send(Predictions, "POST", f"{_path(model)}/predict", body)

    def promote(self, model: str, version: str, *, force: bool, reason: str) -> Model:
        """Make a version the champion."""
        body: dict[str, JsonValue] = {"version": version, "force": force, "reason": reason}
        return self.api.send(Model, "POST", f"{_path(model)}/promote", body)

    def roll_back(self, model: str, reason: str) -> Model:
        """Return to the champion before."""
        return self.api.send(Model, "POST", f"{_path(model)}/rollback", {"reason": reason})

    def events(self, model: str) -> Events:
        """Read the audit log, newest first."""
        return self.api.get(Events, f"{_path(model)}/events", {"limit": 20})

    def drift(self, model: str) -> DriftHistory:
        """Read what the latest checks found."""
        return self.api.get(DriftHistory, f"{_path(model)}/drift", {"limit": 20})

    def check_drift(self, model: str) -> Job:
        """Check now."""
        return self.api.send(Job, "POST", f"{_path(model)}/drift", {})

    def quality(self, model: str) -> OnlineMetrics:
        """Read how good recent predictions were."""
        return self.api.get(OnlineMetrics, f"{_path(model)}/metrics/online")

    def retrainings(self, model: str) -> Retrainings:
        """Read what breaches have started."""
        return self.api.get(Retrainings, f"{_path(model)}/retrainings", {"limit": 10})


def _path(model: str) -> str:
    return f"/v1/models/{quote(model, safe='')}"
