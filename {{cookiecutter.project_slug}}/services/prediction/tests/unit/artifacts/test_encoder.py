from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prediction.artifacts.columns import columns_of
from prediction.artifacts.encoder import NUMBER_LIMIT, Encoder, UnknownCategory
from prediction.artifacts.schema import Feature, FeatureKind, ModelSchema, Task

SCHEMA = ModelSchema(
    task=Task.REGRESSION,
    target="y",
    features=(
        Feature(name="age", kind=FeatureKind.NUMERIC),
        Feature(name="city", kind=FeatureKind.CATEGORY, categories=("Lima", "Oslo", "Rome")),
        Feature(name="member", kind=FeatureKind.BOOLEAN),
        Feature(name="since", kind=FeatureKind.DATETIME),
    ),
)
NUMBERS = ModelSchema(task=Task.REGRESSION, target="y", features=SCHEMA.features[:1] + SCHEMA.features[2:3])
ROWS = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "city": st.none() | st.sampled_from(("Lima", "Oslo", "Rome")),
        "member": st.none() | st.booleans(),
        "since": st.none() | st.datetimes(timezones=st.just(UTC)),
    }
)


def test_knows_where_each_matrix_column_comes_from() -> None:
    encoder = Encoder(SCHEMA)
    assert encoder.names == ("age", "city", "member", "since.days", "since.month", "since.weekday", "since.hour")
    assert encoder.sources == (0, 1, 2, 3, 3, 3, 3)
    assert encoder.width == 7


def test_encodes_each_kind() -> None:
    moment = datetime(2024, 2, 29, 13, 59, tzinfo=UTC)  # a Thursday, 19782 days after 1970-01-01
    matrix = Encoder(SCHEMA).encode([(41.5, "Oslo", True, moment), (None, None, None, None)])
    assert matrix.dtype == np.float32
    assert matrix[0].tolist() == [41.5, 1, 1, 19_782, 2, 3, 13]
    assert np.isnan(matrix[1]).all()


def test_a_moment_before_1970_has_the_right_parts() -> None:
    assert Encoder(SCHEMA).encode([(0, "Lima", False, "1969-12-31T23:00:00")])[0, 3:].tolist() == [-1, 12, 2, 23]


def test_plain_numbers_take_the_short_way_to_the_same_result() -> None:
    matrix = Encoder(NUMBERS).encode([(1, True), (None, False)])
    assert matrix[0].tolist() == [1, 1]
    assert np.isnan(matrix[1, 0])


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_rows_mappings_and_columns_are_encoded_alike(
    rows: list[dict[str, float | bool | str | datetime | None]],
) -> None:
    encoder = Encoder(SCHEMA)
    by_row = encoder.encode([[row[feature.name] for feature in SCHEMA.features] for row in rows])
    np.testing.assert_array_equal(by_row, encoder.encode_mappings(rows))
    np.testing.assert_array_equal(by_row, encoder.encode_columns(columns_of(SCHEMA.features, rows)))
    assert np.isfinite(by_row[~np.isnan(by_row)]).all()


def test_numbers_beyond_single_precision_are_cut() -> None:
    matrix = Encoder(NUMBERS).encode([(1e300, True), (-1e300, False)])
    assert matrix[:, 0].tolist() == [np.float32(NUMBER_LIMIT), np.float32(-NUMBER_LIMIT)]


def test_unknown_categories_are_refused_or_missing() -> None:
    encoder = Encoder(SCHEMA)
    row = {"age": 1, "city": "Atlantis", "member": True, "since": None}
    with pytest.raises(UnknownCategory, match="'Atlantis' is not a category of city"):
        encoder.encode_mappings([row])
    columns = columns_of(SCHEMA.features, [row])
    with pytest.raises(UnknownCategory) as error:
        encoder.encode_columns(columns)
    assert (error.value.feature, error.value.value) == ("city", "Atlantis")
    assert np.isnan(encoder.encode_columns(columns, strict=False)[0, 1])


def test_absent_columns_are_missing_when_not_strict() -> None:
    columns = columns_of(SCHEMA.features[:1], [{"age": 1}])
    assert np.isnan(Encoder(SCHEMA).encode_columns(columns, strict=False)[0, 1:]).all()
    with pytest.raises(KeyError):
        Encoder(SCHEMA).encode_columns(columns)


def test_words_in_a_numeric_column_of_another_model_are_missing() -> None:
    words = {"age": np.array(["old"], dtype=object), "member": np.array([1.0])}
    assert np.isnan(Encoder(NUMBERS).encode_columns(words, strict=False)[0, 0])
