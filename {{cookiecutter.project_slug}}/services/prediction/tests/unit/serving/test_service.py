"""Answers: which version gives them, what is recorded, what is refused."""

import math

import msgspec
import numpy as np
import pytest

from prediction.artifacts.scorer import Scorer
from prediction.serving.answers import AnswerMaker, encode_answer
from prediction.serving.errors import InvalidRows, Unscorable, VersionNotServed
from servicekit.http.strict_json import MalformedJson


@pytest.fixture
async def two_versions(served, releases, make_version, flowers):
    """Release a champion and a challenger; call the result to divide the traffic."""
    first, second = (make_version("flowers", str(n), flowers, seed=n) for n in (1, 2))

    async def divide(**policy) -> None:
        releases.release(first, challenger=second, **policy)
        await served.refresh()

    await divide()
    return divide


async def test_answers_each_row_with_the_models_numbers(ask, two_versions, flower, registry, flowers) -> None:
    other = flower | {"petal length (cm)": 6.0}
    answer = await ask("flowers", flower, other)
    scorer = Scorer(next(folder for folder in registry.folders.values() if folder.name == "1"))
    expected = scorer.predict(scorer.encoder.encode_mappings([flower, other]))
    given = [list(prediction.probabilities.values()) for prediction in answer.predictions]
    np.testing.assert_array_equal(given, expected)
    for prediction, row in zip(answer.predictions, expected, strict=True):
        assert prediction.label == flowers.classes[row.argmax()]
        assert prediction.probability == row.max()
    assert (answer.model, answer.version, answer.variant) == ("flowers", "1", "champion")


async def test_rows_are_numbered_within_a_request(ask, two_versions, flower) -> None:
    ids = [prediction.id for prediction in (await ask("flowers", flower, flower, flower)).predictions]
    assert ids == [ids[0], f"{ids[0]}-1", f"{ids[0]}-2"]
    assert len(ids[0]) == 32


async def test_regressions_answer_values(ask, releases, make_version, flats, flat) -> None:
    releases.release(make_version("flats", "1", flats))
    body = msgspec.json.decode(encode_answer(await ask("flats", flat)))
    assert set(body["predictions"][0]) == {"id", "value"}


async def test_every_answer_is_recorded_as_it_was_given(ask, two_versions, flower, log) -> None:
    answer = await ask("flowers", flower, flower, key="customer 7", request_id="r-9")
    (record,) = log.records
    assert (record.id, record.request_id, record.key) == (answer.predictions[0].id, "r-9", "customer 7")
    assert (record.tenant, record.model, record.version, record.variant) == ("acme", "flowers", "1", "champion")
    assert msgspec.json.decode(record.rows) == [flower, flower]
    assert record.outputs == [list(each.probabilities.values()) for each in answer.predictions]


async def test_nothing_is_answered_that_cannot_be_recorded(ask, two_versions, flower, log, monkeypatch) -> None:
    def full(_record) -> None:
        raise OSError("no room")

    monkeypatch.setattr(log, "append", full)
    with pytest.raises(OSError, match="no room"):
        await ask("flowers", flower)


async def test_a_request_beyond_the_thread_limit_gets_the_same_numbers(ask, two_versions, flower) -> None:
    many = await ask("flowers", *[flower] * 9)
    single = await ask("flowers", flower)
    assert {prediction.probability for prediction in many.predictions} == {single.predictions[0].probability}


@pytest.mark.parametrize("rows", [0, 11])
async def test_too_few_and_too_many_rows_are_refused(ask, two_versions, flower, rows) -> None:
    with pytest.raises(InvalidRows) as raised:
        await ask("flowers", *[flower] * rows)
    assert [error.name for error in raised.value.errors] == ["rows"]


async def test_refusals_name_row_and_field(ask, two_versions, flower) -> None:
    with pytest.raises(InvalidRows) as raised:
        await ask("flowers", flower, flower | {"sepal width (cm)": "wide"})
    assert [(error.name, error.pointer) for error in raised.value.errors] == [
        ("rows[1].sepal width (cm)", "#/rows/1/sepal width (cm)")
    ]
    assert "/v1/models/flowers/schema" in raised.value.hint


async def test_bad_dates_are_refused(ask, releases, make_version, flats, flat) -> None:
    releases.release(make_version("flats", "1", flats))
    with pytest.raises(InvalidRows, match="does not fit"):
        await ask("flats", flat | {"listed": "2026-02-30"})


async def test_what_only_the_decoder_finds_is_malformed(predictor, two_versions, flower) -> None:
    from prediction.serving.service import Call

    body = msgspec.json.encode({"rows": [flower], "key": "x"}).replace(b'"x"', b'"\\ud800"')
    with pytest.raises(MalformedJson):
        await predictor.predict(Call("acme", "flowers", "r"), body)


async def test_no_answer_is_infinite(ask, two_versions, flower) -> None:
    answer = await ask("flowers", dict.fromkeys(flower, -1e308))
    assert b"null" not in encode_answer(answer)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_an_answer_that_is_no_number_is_refused(flowers, flats, task) -> None:
    schema, good, bad = (flowers, [0.2, 0.5, 0.3], [math.nan] * 3) if task == "multiclass" else (flats, 1.0, math.inf)
    with pytest.raises(Unscorable) as raised:
        AnswerMaker(schema).predictions("id", [good, bad])
    assert raised.value.errors[0].name == "rows[1]"


async def test_the_canary_gets_its_share_and_a_key_stays_where_it_is(ask, two_versions, flower) -> None:
    await two_versions(canary_percent=30)
    first = {key: (await ask("flowers", flower, key=str(key))).version for key in range(400)}
    again = {key: (await ask("flowers", flower, key=str(key), request_id="other")).version for key in range(400)}
    assert first == again
    assert 80 <= list(first.values()).count("2") <= 160
    await two_versions(canary_percent=60)
    grown = {key: (await ask("flowers", flower, key=str(key))).version for key in range(400)}
    assert all(grown[key] == "2" for key, version in first.items() if version == "2")


async def test_without_a_key_the_request_decides(ask, two_versions, flower) -> None:
    await two_versions(canary_percent=50)
    versions = {(await ask("flowers", flower, request_id=f"r{number}")).version for number in range(40)}
    assert versions == {"1", "2"}


async def test_a_challenger_with_other_columns_fails_no_request(
    ask, served, releases, make_version, flowers, flats, flower
) -> None:
    first, second = make_version("flowers", "1", flowers), make_version("flowers", "2", flats)
    releases.release(first, challenger=second, canary_percent=100, shadow=True)
    assert (await ask("flowers", flower)).version == "1"


async def test_a_named_version_answers_only_if_it_has_a_role(ask, two_versions, flower) -> None:
    await two_versions(canary_percent=10)
    assert (await ask("flowers", flower, version="2")).variant == "challenger"
    assert (await ask("flowers", flower, version="1")).variant == "champion"
    with pytest.raises(InvalidRows):
        await ask("flowers", {}, version="2")
    with pytest.raises(VersionNotServed) as raised:
        await ask("flowers", flower, version="3")
    assert "1, 2" in raised.value.hint


async def test_a_shadow_answers_into_the_log_only(ask, two_versions, flower, log, shadows, eventually) -> None:
    await two_versions(shadow=True)
    async with shadows.running():
        answer = await ask("flowers", flower)
        await eventually(lambda: len(log.records) == 2)
    answered, shadow = log.records
    assert (answer.version, answered.variant, shadow.variant, shadow.version) == ("1", "champion", "shadow", "2")
    assert shadow.id == answered.id
    assert shadow.outputs != answered.outputs


async def test_a_failing_or_slow_shadow_touches_no_answer(
    ask, served, releases, make_version, flowers, flats, flower, shadows, eventually
) -> None:
    first, second = make_version("flowers", "1", flowers), make_version("flowers", "2", flats)
    releases.release(first, challenger=second, shadow=True)
    for _ in range(5):  # nobody works on the queue of two yet
        assert (await ask("flowers", flower)).version == "1"
    assert (shadows.waiting, shadows.counts.dropped) == (2, 3)
    async with shadows.running():
        await eventually(lambda: shadows.counts.failed == 2)


async def test_explanations_name_the_features_that_mattered(ask, two_versions, flower) -> None:
    typical = {"sepal length (cm)": 5.8, "sepal width (cm)": 3.0, "petal length (cm)": 4.35}
    odd = typical | {"petal length (cm)": 1.0}
    (prediction,) = (await ask("flowers", odd, explain=True)).predictions
    (whole,) = (await ask("flowers", typical)).predictions
    most, *others = prediction.explanation
    assert (most.feature, most.value, most.typical) == ("petal length (cm)", 1.0, 4.35)
    assert most.contribution == pytest.approx(prediction.probability - whole.probabilities[prediction.label], abs=1e-6)
    assert [other.contribution for other in others] == [0, 0]


async def test_explanations_are_for_few_rows(ask, two_versions, flower) -> None:
    with pytest.raises(InvalidRows, match="does not fit"):
        await ask("flowers", flower, flower, flower, explain=True)
