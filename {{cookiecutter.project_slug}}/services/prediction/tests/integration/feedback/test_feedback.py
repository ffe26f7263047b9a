import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from prediction.feedback.errors import InvalidLabels
from prediction.feedback.models import Label
from prediction.feedback.online import OnlineQuality
from prediction.feedback.schemas import FeedbackItem, FeedbackStatus
from prediction.feedback.service import FeedbackService
from prediction.predictionlog.record import PredictionRow
from prediction.predictionlog.sql import SqlPredictionSink
from servicekit.database import uuid7

NOW = datetime.now(UTC)
GRACE = timedelta(minutes=10)


def row(number: int = 0, **changes) -> PredictionRow:
    made = PredictionRow(
        id=f"{number:032x}",
        variant="champion",
        tenant="acme",
        model="churn",
        version="3",
        at=NOW - timedelta(minutes=1),
        request_id="r",
        key=None,
        features="{}",
        label="yes",
        score=0.8,
        probabilities='{"no":0.2,"yes":0.8}',
    )
    return replace(made, **changes)


def number_row(number: int, score: float, **changes) -> PredictionRow:
    return row(number, label=None, probabilities=None, score=score, **changes)


async def nothing_to_flush() -> None:
    return None


@pytest.fixture
def sink(database):
    return SqlPredictionSink(database)


@pytest.fixture
def service(database):
    return FeedbackService(database, grace=GRACE, flush=nothing_to_flush)


async def send(service, *pairs, tenant="acme"):
    items = [FeedbackItem(prediction_id=prediction_id, label=label) for prediction_id, label in pairs]
    answer = await service.take(tenant, items, now=NOW)
    return [result.status for result in answer.results]


async def labels(database) -> dict[str, Label]:
    async with database.reading() as session:
        return {label.prediction_id: label for label in await session.scalars(select(Label))}


async def test_a_label_is_stored_once_and_may_be_corrected(service, sink, database):
    await sink.store([row(1)])
    prediction = row(1).id
    assert await send(service, (prediction, "yes")) == [FeedbackStatus.STORED]
    assert await send(service, (prediction, "yes")) == [FeedbackStatus.UNCHANGED]
    assert await send(service, (prediction, "no")) == [FeedbackStatus.CORRECTED]
    kept = (await labels(database))[prediction]
    assert (kept.label, kept.corrections) == ("no", 1)


async def test_the_last_word_within_a_request_counts(service, sink, database):
    await sink.store([row(1)])
    statuses = await send(service, (row(1).id, "no"), (row(1).id, "yes"), (row(1).id, "yes"))
    assert statuses == [FeedbackStatus.STORED, FeedbackStatus.CORRECTED, FeedbackStatus.UNCHANGED]
    assert (await labels(database))[row(1).id].label == "yes"


@pytest.mark.parametrize("unknown", ["nonsense", "f" * 32, str(UUID(int=7).hex), "0" * 32 + "-x"])
async def test_an_unknown_prediction_is_not_found(service, unknown, database):
    assert await send(service, (unknown, "yes")) == [FeedbackStatus.NOT_FOUND]
    assert await labels(database) == {}


async def test_another_tenants_prediction_is_not_found(service, sink, database):
    await sink.store([row(1, tenant="globex")])
    assert await send(service, (row(1).id, "yes")) == [FeedbackStatus.NOT_FOUND]
    assert await labels(database) == {}


async def test_one_unknown_prediction_does_not_cost_the_others(service, sink):
    await sink.store([row(1)])
    items = [FeedbackItem(prediction_id=row(1).id, label="yes"), FeedbackItem(prediction_id="gone", label="yes")]
    answer = await service.take("acme", items, now=NOW)
    assert (answer.accepted, answer.not_found) == (1, 1)


async def test_a_label_that_is_no_class_refuses_the_whole_request_and_names_the_item(service, sink, database):
    await sink.store([row(1), row(2)])
    with pytest.raises(InvalidLabels) as refused:
        await send(service, (row(1).id, "yes"), (row(2).id, "maybe"))
    assert refused.value.status == 422
    assert [error.name for error in refused.value.errors] == ["items[1].label"]
    assert "'maybe' is not one of no, yes" in refused.value.errors[0].message
    assert await labels(database) == {}


async def test_classes_may_be_numbers_and_booleans(service, sink):
    await sink.store([row(1, probabilities='{"0":0.5,"1":0.5}'), row(2, probabilities='{"false":0.5,"true":0.5}')])
    assert await send(service, (row(1).id, 1), (row(2).id, True)) == [FeedbackStatus.STORED] * 2
    assert await send(service, (row(1).id, 1.0)) == [FeedbackStatus.UNCHANGED]


@pytest.mark.parametrize("label", ["12", True])
async def test_a_regression_takes_numbers_only(service, sink, label):
    await sink.store([number_row(1, 2.5)])
    with pytest.raises(InvalidLabels):
        await send(service, (row(1).id, label))


async def test_what_the_spool_still_holds_is_found(database, sink):
    async def flush() -> None:
        await sink.store([row(1)])

    service = FeedbackService(database, grace=GRACE, flush=flush)
    assert await send(service, (row(1).id, "yes")) == [FeedbackStatus.STORED]


async def test_a_label_may_overtake_its_prediction_from_another_process(service, sink, database):
    early = uuid7().hex
    assert await send(service, (early, "yes"), (f"{early}-1", "no")) == [FeedbackStatus.PENDING] * 2
    await sink.store([row(id=early), row(id=f"{early}-1")])
    found = await OnlineQuality(database).of_model("acme", "churn", now=NOW, hours=1)
    assert found.versions[0].labelled == 2
    assert found.versions[0].metrics["accuracy"].value == 0.5


async def test_an_id_of_long_ago_is_not_waited_for(database):
    service = FeedbackService(database, grace=timedelta(0), flush=nothing_to_flush)
    old = uuid7().hex
    await asyncio.sleep(0.002)
    assert await send(service, (old, "yes")) == [FeedbackStatus.NOT_FOUND]


async def test_quality_is_told_per_version_and_role(service, sink, database):
    champion = [row(n) for n in range(40)]
    challenger = [row(100 + n, version="4", variant="challenger") for n in range(10)]
    shadow = [
        row(n, version="4", variant="shadow", label="no", probabilities='{"no":0.9,"yes":0.1}') for n in range(40)
    ]
    await sink.store([*champion, *challenger, *shadow, row(999, tenant="globex")])
    await send(service, *((row(n).id, "yes" if n < 15 else "no") for n in range(20)))
    found = await OnlineQuality(database).of_model("acme", "churn", now=NOW, hours=1)
    by_role = {(entry.version, entry.variant): entry for entry in found.versions}
    assert set(by_role) == {("3", "champion"), ("4", "challenger"), ("4", "shadow")}
    assert by_role["3", "champion"].predictions == 40
    assert by_role["3", "champion"].labelled_share == 0.5
    accuracy = by_role["3", "champion"].metrics["accuracy"]
    assert accuracy.low < accuracy.value == 0.75 < accuracy.high
    assert by_role["4", "shadow"].metrics["accuracy"].value == 0.25
    assert by_role["4", "challenger"].metrics == {}


async def test_only_the_window_counts(service, sink, database):
    await sink.store([row(1), row(2, at=NOW - timedelta(hours=5))])
    quality = OnlineQuality(database)
    assert (await quality.of_model("acme", "churn", now=NOW, hours=1)).versions[0].predictions == 1
    assert (await quality.of_model("acme", "churn", now=NOW, hours=6)).versions[0].predictions == 2
    assert (await quality.of_model("acme", "churn", now=NOW, hours=1, version="9")).versions == []


async def test_a_regression_is_judged_by_its_error(service, sink, database):
    await sink.store([number_row(n, 10.0) for n in range(30)])
    await send(service, *((row(n).id, 12) for n in range(30)))
    found = await OnlineQuality(database).of_model("acme", "churn", now=NOW, hours=1)
    assert found.versions[0].metrics["rmse"].value == 2


async def test_an_early_label_that_turns_out_impossible_is_counted_apart(service, sink, database):
    early, fine = uuid7().hex, uuid7().hex
    await send(service, (early, "maybe"), (fine, "yes"))
    await sink.store([row(id=early), row(id=fine)])
    (entry,) = (await OnlineQuality(database).of_model("acme", "churn", now=NOW, hours=1)).versions
    assert (entry.labelled, entry.unusable, entry.metrics["accuracy"].value) == (2, 1, 1.0)


async def test_impossible_labels_alone_give_no_figures(service, sink, database):
    early = uuid7().hex
    await send(service, (early, "maybe"))
    await sink.store([row(id=early)])
    (entry,) = (await OnlineQuality(database).of_model("acme", "churn", now=NOW, hours=1)).versions
    assert entry.metrics == {}
