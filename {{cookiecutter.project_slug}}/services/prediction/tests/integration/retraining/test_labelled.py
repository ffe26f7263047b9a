import json
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from prediction.artifacts.schema import ClassKind, Feature, FeatureKind, ModelSchema, Task
from prediction.feedback.repository import FeedbackRepository, LabelRow
from prediction.predictionlog.record import PredictionRow
from prediction.predictionlog.sql import SqlPredictionSink
from prediction.retraining.labelled import export_labelled

NOW = datetime.now(UTC)
FEATURES = (
    Feature(name="age", kind=FeatureKind.NUMERIC, nullable=True),
    Feature(name="city", kind=FeatureKind.CATEGORY, categories=("Bern", "Rome")),
    Feature(name="member", kind=FeatureKind.BOOLEAN),
    Feature(name="since", kind=FeatureKind.DATETIME),
)
CLASSES = ModelSchema(
    task=Task.BINARY, target="left", classes=("0", "1"), class_kind=ClassKind.INTEGER, features=FEATURES
)
NUMBERS = ModelSchema(task=Task.REGRESSION, target="price", features=FEATURES)


async def log(database, number, label, *, value=None, variant="champion", tenant="acme"):
    features = {"age": None if number == 1 else number, "city": "Bern", "member": True, "since": "2026-01-02T03:04:05Z"}
    row = PredictionRow(
        id=f"{number:032x}",
        variant=variant,
        tenant=tenant,
        model="m",
        version="1",
        at=NOW + timedelta(seconds=number),
        request_id="r",
        key=None,
        features=json.dumps(features),
        label="0",
        score=0.5,
        probabilities=None,
    )
    await SqlPredictionSink(database).store([row])
    if label is not None:
        async with database.session() as session:
            await FeedbackRepository(session, tenant).keep([LabelRow(tenant, row.id, label, value, None, NOW)])


async def test_labelled_predictions_become_a_typed_table_in_the_order_of_time(database, tmp_path):
    for number in (3, 1, 2):
        await log(database, number, str(number % 2), value=number % 2)
    await log(database, 4, None)
    await log(database, 5, "1", tenant="globex")
    await log(database, 6, "nonsense")
    await log(database, 2, None, variant="shadow")
    path = tmp_path / "labelled.parquet"
    assert await export_labelled(database, "acme", "m", CLASSES, path, limit=100) == 3
    rows = pq.read_table(path).to_pylist()
    assert [row["age"] for row in rows] == [None, 2.0, 3.0]
    assert [row["left"] for row in rows] == [1, 0, 1]
    assert rows[0]["since"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert rows[0]["member"] is True


async def test_the_newest_are_taken_when_there_are_too_many(database, tmp_path):
    for number in range(1, 6):
        await log(database, number, "1", value=1)
    path = tmp_path / "labelled.parquet"
    assert await export_labelled(database, "acme", "m", CLASSES, path, limit=2) == 2
    assert [row["age"] for row in pq.read_table(path).to_pylist()] == [4.0, 5.0]


@pytest.mark.parametrize("value", [1.5, -2.0])
async def test_a_regression_has_numbers_as_target(database, tmp_path, value):
    await log(database, 1, str(value), value=value)
    await log(database, 2, "text")
    path = tmp_path / "labelled.parquet"
    assert await export_labelled(database, "acme", "m", NUMBERS, path, limit=100) == 1
    assert pq.read_table(path).to_pylist()[0]["price"] == value


async def test_without_labels_the_table_is_empty(database, tmp_path):
    path = tmp_path / "labelled.parquet"
    assert await export_labelled(database, "acme", "m", CLASSES, path, limit=100) == 0
    assert pq.read_table(path).column_names == ["age", "city", "member", "since", "left"]
