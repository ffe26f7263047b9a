import numpy as np
import pytest

from prediction.artifacts.scorer import Scorer
from prediction.explanations.ablation import explain


@pytest.fixture
def scorer(make_version, flats) -> Scorer:
    return Scorer(make_version.folders[make_version("flats", "1", flats, seed=3).bundle_sha256])


ROW = (95.0, 4.0, "Berlin", False, "2026-05-01T10:00:00")


def test_a_contribution_is_the_answer_minus_the_answer_without_the_feature(scorer) -> None:
    row = scorer.encoder.encode([ROW])
    explained = {each.feature: each.contribution for each in explain(scorer, ROW, row, 5)}
    typical = [feature.typical for feature in scorer.schema.features]
    for position, feature in enumerate(scorer.schema.features):
        ablated = scorer.encoder.encode([[*ROW[:position], typical[position], *ROW[position + 1 :]]])
        expected = scorer.predict(row)[0] - scorer.predict(ablated)[0]
        assert explained[feature.name] == pytest.approx(expected, abs=1e-3)


def test_the_largest_contributions_come_first_and_the_rest_is_left_out(scorer) -> None:
    most = explain(scorer, ROW, scorer.encoder.encode([ROW]), 2)
    everything = explain(scorer, ROW, scorer.encoder.encode([ROW]), 5)
    assert [each.feature for each in most] == [each.feature for each in everything[:2]]
    sizes = [abs(each.contribution) for each in everything]
    assert sizes == sorted(sizes, reverse=True)


def test_values_are_given_as_sent_beside_the_typical_ones(scorer) -> None:
    explained = {each.feature: each for each in explain(scorer, ROW, scorer.encoder.encode([ROW]), 5)}
    assert (explained["city"].value, explained["city"].typical) == ("Berlin", "Köln")
    assert (explained["listed"].value, explained["listed"].typical) == ("2026-05-01T10:00:00", None)


def test_the_row_itself_is_not_changed(scorer) -> None:
    row = scorer.encoder.encode([ROW])
    before = row.copy()
    explain(scorer, ROW, row, 5)
    np.testing.assert_array_equal(row, before)
