"""Checks on a real database, from logged predictions and labels to the decision to train anew."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task
from prediction.drift.board import MonitoringBoard, SqlSource
from prediction.drift.reference import Reference, build_reference
from prediction.drift.report import DriftStatus
from prediction.drift.repository import ReportRepository
from prediction.drift.service import DriftService
from prediction.drift.settings import MonitoringSettings
from prediction.feedback.online import OnlineQuality
from prediction.feedback.report import QualityStatus
from prediction.feedback.repository import FeedbackRepository, LabelRow
from prediction.predictionlog.record import PredictionRow
from prediction.predictionlog.sql import SqlPredictionSink
from prediction.registry.ports import Alias, ModelVersion
from prediction.retraining.checkup import Checkup, NoChampionToCheck
from prediction.retraining.repository import RetrainingRepository
from prediction.retraining.retention import delete_expired
from prediction.retraining.schemas import Decision
from prediction.retraining.starter import RetrainingStarter
from servicekit.database import utc_now

SCHEMA = ModelSchema(
    task=Task.BINARY,
    target="left",
    classes=("no", "yes"),
    features=(
        Feature(name="age", kind=FeatureKind.NUMERIC),
        Feature(name="city", kind=FeatureKind.CATEGORY, categories=("Bern", "Rome")),
        Feature(name="since", kind=FeatureKind.DATETIME),
    ),
)


def reference() -> Reference:
    random = np.random.default_rng(0)
    cities = np.array(["Bern", "Rome"], dtype=object)[random.integers(0, 2, 1000)]
    columns = {"age": random.normal(40, 10, 1000), "city": cities, "since": np.full(1000, 1.7e9)}
    positive = random.uniform(0, 1, 1000)
    return build_reference(SCHEMA, columns, np.column_stack([1 - positive, positive]))


class OneReference:
    """Every version was trained on the same data."""

    def reference(self, tenant: str, model: str, version: str) -> Reference:
        return reference()


@dataclass
class OneModel:
    """As much of a registry as a check asks for: tenant acme's model churn."""

    champion: str | None = "3"
    metrics: Mapping[str, float] = field(default_factory=lambda: {"accuracy": 0.9})

    def aliases(self, tenant: str, model: str) -> Mapping[Alias, str]:
        return {Alias.CHAMPION: self.champion} if self.champion else {}

    def version(self, tenant: str, model: str, version: str) -> ModelVersion:
        return ModelVersion(tenant, model, version, "run", utc_now(), "sha", self.metrics)


@dataclass
class Queue:
    """Jobs that were asked for; the same key gives the same job."""

    jobs: dict[str, Any] = field(default_factory=dict)

    async def enqueue(self, session, kind, params, *, tenant, actor, key=None):
        @dataclass
        class Made:
            id: Any

        return self.jobs.setdefault(key, Made(uuid4()))


def rows(number: int, *, shift: float = 0.0, start: int = 0, seed: int = 1) -> list[PredictionRow]:
    random = np.random.default_rng(seed)
    made = []
    for n in range(start, start + number):
        positive = random.uniform(0, 1)
        features = {
            "age": random.normal(40, 10) + shift,
            "city": ("Bern", "Rome")[n % 2],
            "since": "2026-11-20T10:00:00Z",
        }
        made.append(
            PredictionRow(
                id=f"{n:032x}",
                variant="champion",
                tenant="acme",
                model="churn",
                version="3",
                at=utc_now() - timedelta(minutes=5),
                request_id="r",
                key=None,
                features=json.dumps(features),
                label="yes" if positive > 0.5 else "no",
                score=max(positive, 1 - positive),
                probabilities=json.dumps({"no": 1 - positive, "yes": positive}),
            )
        )
    return made


async def label(database, predictions, *, right: float) -> None:
    """Label predictions; this share of them was right."""
    labels = []
    for n, prediction in enumerate(predictions):
        other = "no" if prediction.label == "yes" else "yes"
        truth = prediction.label if n < right * len(predictions) else other
        labels.append(LabelRow("acme", prediction.id, truth, None, None, utc_now()))
    async with database.session() as session:
        await FeedbackRepository(session, "acme").keep(labels)


@pytest.fixture
def sink(database):
    return SqlPredictionSink(database)


def make_checkup(database, *, registry=None, queue=None, **settings) -> Checkup:
    monitoring = MonitoringSettings(**settings)
    return Checkup(
        database=database,
        registry=registry or OneModel(),
        drift=DriftService(database, OneReference(), monitoring),
        quality=OnlineQuality(database),
        starter=RetrainingStarter(database, queue or Queue(), monitoring),
        settings=monitoring,
    )


async def test_few_predictions_are_not_enough_to_judge(database, sink):
    await sink.store(rows(199, shift=100))
    found = await make_checkup(database).check("acme", "churn")
    assert found.drift.status is DriftStatus.NOT_ENOUGH_DATA
    assert (found.drift.rows, found.drift.columns) == (199, [])
    assert found.quality.status is QualityStatus.NOT_ENOUGH_DATA
    assert found.retraining is Decision.NO_BREACH


async def test_data_like_the_trainings_is_stable(database, sink):
    await sink.store(rows(600))
    found = await make_checkup(database).check("acme", "churn")
    assert found.drift.status is DriftStatus.STABLE
    assert {column.name for column in found.drift.columns} == {"age", "city", "since", "label", "confidence"}
    assert found.retraining is Decision.NO_BREACH


async def test_the_column_that_moved_is_named(database, sink):
    await sink.store(rows(600, shift=15))
    found = await make_checkup(database).check("acme", "churn")
    assert found.drift.status is DriftStatus.DRIFT
    assert [column.name for column in found.drift.drifted] == ["age"]


async def test_only_rows_of_the_window_are_looked_at(database, sink):
    old = [replace(row, at=utc_now() - timedelta(hours=30)) for row in rows(400, shift=50)]
    await sink.store([*old, *rows(400, start=400)])
    checkup = make_checkup(database)
    assert (await checkup.check("acme", "churn")).drift.status is DriftStatus.STABLE
    assert (await checkup.check("acme", "churn", hours=48)).drift.status is DriftStatus.DRIFT


async def test_a_window_larger_than_the_bound_is_read_in_part_and_says_so(database, sink):
    await sink.store(rows(1500))
    found = await make_checkup(database, maximum_rows=1000).check("acme", "churn")
    assert (found.drift.rows, found.drift.truncated) == (1000, True)


async def test_drift_without_labels_starts_nothing(database, sink):
    await sink.store(rows(600, shift=15))
    assert (await make_checkup(database).check("acme", "churn")).retraining is Decision.NOT_ENOUGH_LABELS


async def test_drift_with_labels_starts_one_retraining_per_cooldown(database, sink):
    drifted = rows(600, shift=15)
    await sink.store(drifted)
    await label(database, drifted, right=0.95)
    queue = Queue()
    checkup = make_checkup(database, queue=queue)
    first = await checkup.check("acme", "churn")
    assert (first.retraining, first.quality.status) == (Decision.STARTED, QualityStatus.GOOD)
    assert (await checkup.check("acme", "churn")).retraining is Decision.COOLING_DOWN
    async with database.reading() as session:
        (kept,) = await RetrainingRepository(session).newest("acme", "churn", 10)
    assert (kept.id, kept.trigger, kept.version) == (first.retraining_id, "drift", "3")
    assert kept.reason == "drift in age"
    assert len(queue.jobs) == 1


async def test_after_the_cooldown_the_next_one_may_start(database, sink):
    drifted = rows(600, shift=15)
    await sink.store(drifted)
    await label(database, drifted, right=0.95)
    queue = Queue()
    checkup = make_checkup(database, queue=queue, retraining_cooldown_hours=1e-9)
    await checkup.check("acme", "churn")
    assert (await checkup.check("acme", "churn")).retraining is Decision.STARTED
    assert len(queue.jobs) == 2


async def test_answers_that_got_worse_start_a_retraining_although_the_data_is_the_same(database, sink):
    answered = rows(600)
    await sink.store(answered)
    await label(database, answered, right=0.6)
    found = await make_checkup(database).check("acme", "churn")
    assert found.drift.status is DriftStatus.STABLE
    assert found.quality.status is QualityStatus.BREACH
    assert found.retraining is Decision.STARTED
    async with database.reading() as session:
        (kept,) = await RetrainingRepository(session).newest("acme", "churn")
    assert (kept.trigger, kept.reason) == ("quality", "accuracy is 0.600 instead of 0.900")


async def test_good_answers_are_good(database, sink):
    answered = rows(600)
    await sink.store(answered)
    await label(database, answered, right=0.9)
    found = await make_checkup(database).check("acme", "churn")
    assert found.quality.status is QualityStatus.GOOD
    assert found.retraining is Decision.NO_BREACH


async def test_retraining_can_be_switched_off(database, sink):
    drifted = rows(600, shift=15)
    await sink.store(drifted)
    await label(database, drifted, right=0.5)
    queue = Queue()
    assert (
        await make_checkup(database, queue=queue, retraining=False).check("acme", "churn")
    ).retraining is Decision.OFF
    assert queue.jobs == {}


async def test_a_model_without_champion_is_not_checked(database):
    with pytest.raises(NoChampionToCheck):
        await make_checkup(database, registry=OneModel(champion=None)).check("acme", "churn")


async def test_reports_are_kept_newest_first_and_shown_as_gauges(database, sink):
    checkup = make_checkup(database)
    await checkup.check("acme", "churn")
    drifted = rows(600, shift=15)
    await sink.store(drifted)
    await label(database, drifted, right=0.6)
    await checkup.check("acme", "churn")
    async with database.reading() as session:
        history = await ReportRepository(session).history("acme", "churn", "drift", 10)
    assert [report["status"] for report in history] == ["drift", "not_enough_data"]

    registry = CollectorRegistry()
    board = MonitoringBoard(SqlSource(database), seconds=60)
    board.register(registry)
    await board.refresh()
    labels = {"tenant": "acme", "model": "churn", "version": "3"}
    assert registry.get_sample_value("prediction_drift_detected", labels) == 1
    assert registry.get_sample_value("prediction_drift_columns", labels) == 1
    assert registry.get_sample_value("prediction_drift_rows", labels) == 600
    assert registry.get_sample_value("prediction_drift_psi", {**labels, "column": "age"}) > 0.2
    assert registry.get_sample_value("prediction_quality_breach", labels) == 1
    assert registry.get_sample_value("prediction_online_metric", {**labels, "metric": "accuracy"}) == 0.6
    assert registry.get_sample_value("prediction_test_metric", {**labels, "metric": "accuracy"}) == 0.9


async def test_what_is_too_old_is_deleted_in_batches(database, sink):
    old = [replace(row, at=utc_now() - timedelta(days=91)) for row in rows(4500)]
    await sink.store(old)
    await sink.store(rows(10, start=5000))
    async with database.session() as session:
        stamps = [LabelRow("acme", row.id, "yes", None, None, row.at) for row in old[:3]]
        await FeedbackRepository(session, "acme").keep(stamps)
    await make_checkup(database).check("acme", "churn")
    deleted = await delete_expired(database, now=utc_now(), days=90)
    assert (deleted.predictions, deleted.labels, deleted.reports) == (4500, 3, 0)
    later = await delete_expired(database, now=utc_now() + timedelta(days=91), days=90)
    assert (later.predictions, later.reports) == (10, 2)
