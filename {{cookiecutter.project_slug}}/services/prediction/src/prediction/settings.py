"""Every setting of the prediction service, in small groups. An environment variable is `GROUP__FIELD`."""

from pathlib import Path
from typing import ClassVar

from pydantic import SecretStr

from prediction.drift.settings import MonitoringSettings
from prediction.predictionlog.settings import PredictionLogSettings
from prediction.scoring.settings import ScoringSettings
from prediction.serving.settings import ServingSettings
from prediction.training.settings import TrainingSettings
from servicekit.settings import Group, ServiceSettings


class MlflowSettings(Group):
    """Where models are registered."""

    tracking_uri: str = ""  # an MLflow server or database; empty: SQLite and a folder in DATA_DIR


class PredictionSettings(ServiceSettings):
    """Settings of the prediction service's API and worker."""

    service_name: ClassVar[str] = "prediction"

    prediction_url: str = "http://127.0.0.1:8001"  # the running service that commands talk to
    prediction_key: SecretStr | None = None  # their API key; unset means the development key

    mlflow: MlflowSettings = MlflowSettings()
    training: TrainingSettings = TrainingSettings()
    serving: ServingSettings = ServingSettings()
    scoring: ScoringSettings = ScoringSettings()
    predictionlog: PredictionLogSettings = PredictionLogSettings()
    monitoring: MonitoringSettings = MonitoringSettings()

    @property
    def mlflow_uri(self) -> str:
        """Return the tracking server's address, or the embedded database's."""
        return self.mlflow.tracking_uri or f"sqlite:///{self.data_dir.resolve() / 'mlflow.db'}"

    @property
    def model_cache(self) -> Path:
        """Return the folder that keeps the bundles of served models, so that they serve when the registry is away."""
        return self.data_dir / "models"
