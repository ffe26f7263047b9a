"""The first model, so that the first request has an answer."""

import asyncio
import csv
import sys
import tempfile
from pathlib import Path

from prediction.bootstrap import build_registry
from prediction.settings import PredictionSettings
from prediction.training.local import train_here
from prediction.training.options import EstimatorName, TrainingOptions
from servicekit.auth.authenticator import DEVELOPMENT
from servicekit.jobs import JobRefused, RetryLater

MODEL, TARGET = "iris", "species"
OPTIONS = TrainingOptions(estimators=(EstimatorName.LINEAR,))


def seed(settings: PredictionSettings) -> int:
    """Train the model `iris` for the development key, unless its tenant has a model; return the exit code."""
    if settings.auth.development_key is None:
        sys.stdout.write("There is no development key: nothing to seed.\n")
        return 0
    if any(tenant == DEVELOPMENT.tenant for tenant, _ in build_registry(settings).models()):
        sys.stdout.write("There are models already: nothing to seed.\n")
        return 0
    sys.stdout.write(f"Training the model {MODEL} on 150 flowers, which takes some seconds.\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{MODEL}.csv"
        write_flowers(path)
        try:
            result = asyncio.run(train_here(settings, MODEL, path, TARGET, OPTIONS, lambda _fraction, _message: None))
        except (JobRefused, RetryLater) as refusal:
            sys.stderr.write(f"seed: {refusal}\n")
            return 1
    sys.stdout.write(f"Trained version {result.version}. {result.decision}\n")
    return 0


def write_flowers(path: Path) -> None:
    """Write Fisher's iris flowers, which scikit-learn ships, as a CSV file."""
    from sklearn.datasets import load_iris

    flowers = load_iris()
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in flowers.feature_names]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, TARGET])
        for measures, kind in zip(flowers.data.tolist(), flowers.target.tolist(), strict=True):
            writer.writerow([*measures, flowers.target_names[kind]])
