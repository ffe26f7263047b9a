"""Give one fitted model to the service: by its own export, sealed and registered like a training's. Runs inside it."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import numpy as np

from prediction.artifacts import bundle
from prediction.artifacts.export import export_onnx, export_skops
from prediction.artifacts.schema import ClassKind, Feature, FeatureKind, ModelSchema, Task
from prediction.bootstrap import build_registry
from prediction.drift.reference import build_reference
from prediction.registry.ports import Alias, TrainedModel
from prediction.settings import PredictionSettings
from servicekit.settings import load_settings

TENANT = "default"


def main(folder: Path, name: str) -> None:
    """Register `<name>.joblib` of `folder` as the champion of the model `name`."""
    cases = json.loads((folder / "cases.json").read_text())
    registry = build_registry(load_settings(PredictionSettings))
    with TemporaryDirectory() as scratch:
        trained = make_bundle(joblib.load(folder / f"{name}.joblib"), cases, Path(scratch), name)
        version = registry.register(TENANT, name, trained)
    registry.set_alias(TENANT, name, Alias.CHAMPION, version.version)


def make_bundle(model: object, cases: dict[str, list[list[float]]], scratch: Path, name: str) -> TrainedModel:
    """Write the bundle of a fitted classifier of two classes whose features are all numbers."""
    files, evaluation, plots = (scratch / folder for folder in ("bundle", "evaluation", "plots"))
    for made in (files, evaluation, plots):
        made.mkdir()
    rows = np.array(cases["rows"])
    features = tuple(Feature(name=str(feature), kind=FeatureKind.NUMERIC) for feature in cases["features"])
    schema = ModelSchema(
        task=Task.BINARY, target="benign", features=features, classes=("0", "1"), class_kind=ClassKind.INTEGER
    )
    columns = {feature.name: rows[:, position] for position, feature in enumerate(features)}
    reference = build_reference(schema, columns, model.predict_proba(rows))  # type: ignore[attr-defined]  # a classifier
    (files / bundle.SCHEMA).write_text(schema.model_dump_json())
    (files / bundle.REFERENCE).write_text(reference.model_dump_json())
    (files / bundle.CARD_JSON).write_text("{}")
    (files / bundle.CARD_MARKDOWN).write_text(f"# {name}\n")
    export_skops(model, files / bundle.SKOPS)
    export_onnx(model, len(features), files / bundle.ONNX)
    return TrainedModel(f"bench-{name}", files, bundle.seal(files), evaluation, plots)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
