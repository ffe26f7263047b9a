from datetime import UTC, datetime

import numpy as np
import pytest

from prediction.artifacts.columns import columns_of, epoch_seconds, missing, row_count, take
from prediction.artifacts.schema import Feature, FeatureKind

FEATURES = (
    Feature(name="age", kind=FeatureKind.NUMERIC),
    Feature(name="city", kind=FeatureKind.CATEGORY, categories=("Oslo",)),
    Feature(name="member", kind=FeatureKind.BOOLEAN),
    Feature(name="since", kind=FeatureKind.DATETIME),
)


@pytest.mark.parametrize(
    "moment",
    [60, 60.0, "1970-01-01T00:01:00", "1970-01-01T01:01:00+01:00", datetime(1970, 1, 1, 0, 1, tzinfo=UTC)],
)
def test_moments_become_seconds_in_utc(moment: float | str | datetime) -> None:
    assert epoch_seconds(moment) == 60


def test_rows_become_columns_and_absent_fields_are_missing() -> None:
    columns = columns_of(FEATURES, [{"age": 3, "city": "Oslo", "member": True, "since": "1970-01-02"}, {"age": None}])
    assert row_count(columns) == 2
    assert [column[0] for column in columns.values()] == [3, "Oslo", 1, 86_400]
    assert all(missing(column).tolist() == [False, True] for column in columns.values())


def test_takes_rows() -> None:
    columns = columns_of(FEATURES[:1], [{"age": 1}, {"age": 2}, {"age": 3}])
    assert take(columns, np.array([2, 0]))["age"].tolist() == [3, 1]
    assert row_count({}) == 0
