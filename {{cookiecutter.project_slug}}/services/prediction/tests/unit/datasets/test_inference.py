from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from prediction.datasets.inference import TypedColumn, infer
from prediction.datasets.profile import Content


def column(values: list[object], name: str = "x", *, comma_separated: bool = True) -> TypedColumn:
    return infer(name, pa.chunked_array([pa.array(values)]), comma_separated=comma_separated)


@pytest.mark.parametrize(
    ("values", "name", "content"),
    [
        (["1", "2", "2.5", "?"], "x", Content.NUMERIC),
        (["true", "False", ""], "x", Content.BOOLEAN),
        (["yes", "no", "yes"], "x", Content.CATEGORY),
        (["2024-01-01", "2024-01-02", "NA"], "x", Content.DATETIME),
        (["", "NA", "?"], "x", Content.EMPTY),
        (["a", "a", None], "x", Content.CONSTANT),
        (["3", "3.0", "3"], "x", Content.CONSTANT),
        (["2024-01-01 10:00", "2024-01-01 10:00:00"], "x", Content.CONSTANT),
        ([str(i) for i in range(50)], "x", Content.IDENTIFIER),
        ([str(i * 7 % 50 + (1_000 if i else 0)) for i in range(50)], "customer_id", Content.IDENTIFIER),
        ([str(i * 7) for i in range(50)], "customerId", Content.IDENTIFIER),
        ([str(i * i) for i in range(50)], "price", Content.NUMERIC),
        ([str(i) for i in range(10)], "x", Content.NUMERIC),
        ([f"u-{i}" for i in range(50)], "x", Content.IDENTIFIER),
        ([f"Order number {i} was late" for i in range(50)], "x", Content.TEXT),
        ([f"w{i}" for i in range(250)] * 3, "x", Content.TEXT),
        (["a"] * 40 + [f"w{i}" for i in range(60)], "x", Content.TEXT),
        (["a", "b"] * 20, "x", Content.CATEGORY),
    ],
)
def test_says_what_a_column_of_text_holds(values: list[object], name: str, content: Content) -> None:
    assert column(values, name).profile.content is content


@pytest.mark.parametrize(
    ("array", "content"),
    [
        (pa.array([1, 2, 2]), Content.NUMERIC),
        (pa.array([1.5, None, 2.5]), Content.NUMERIC),
        (pa.array([True, False, None]), Content.BOOLEAN),
        (pa.array([True, True]), Content.CONSTANT),
        (pa.array([None, None], pa.bool_()), Content.EMPTY),
        (pa.array([None, None], pa.float64()), Content.EMPTY),
        (pa.array([date(2024, 1, 1), date(2024, 1, 2)]), Content.DATETIME),
        (pa.array([datetime(2024, 1, 1, tzinfo=UTC), None, datetime(2024, 1, 2, tzinfo=UTC)]), Content.DATETIME),
        (pa.array([None, None], pa.timestamp("us")), Content.EMPTY),
        (pa.array([[1], [2]]), Content.UNSUPPORTED),
        (pa.array([b"1", b"2"]), Content.UNSUPPORTED),
    ],
)
def test_says_what_a_typed_column_holds(array: pa.Array, content: Content) -> None:
    assert infer("x", array).profile.content is content


def test_values_come_out_as_numbers_and_words() -> None:
    assert column(["1", "?", "3"]).values.tolist()[::2] == [1, 3]
    assert column(["true", "FALSE", None]).values.tolist()[:2] == [1, 0]
    assert column(["a", "NA", "b"]).values.tolist() == ["a", None, "b"]
    assert column(["1970-01-02", "1970-01-03", ""]).values.tolist()[:2] == [86_400, 172_800]
    assert infer("x", pa.array([date(1970, 1, 2), date(1970, 1, 3)])).values.tolist() == [86_400, 172_800]


def test_whole_numbers_are_marked() -> None:
    assert column(["1", "2.0", ""]).integer
    assert not column(["1", "2.5"]).integer


def test_infinite_values_count_as_missing() -> None:
    values = infer("x", pa.array([1.0, float("inf"), 2.0])).values
    assert np.isnan(values[1])


def test_notes_say_what_was_done() -> None:
    assert "read with decimal comma" in column(["1,5", "2,5"], comma_separated=False).profile.notes
    assert "80% of the values are missing" in column([""] * 80 + ["1", "2"] * 10).profile.notes
    notes = column([*map(str, np.arange(99) / 2), "abc"]).profile.notes
    assert notes == ("1 other values count as missing: abc",)


def test_profile_gives_range_and_examples() -> None:
    numbers = column(["3", "1", "2", "2"]).profile
    assert (numbers.minimum, numbers.maximum, numbers.distinct, numbers.missing) == (1, 3, 3, 0)
    assert column(["b", "a", "b", None]).profile.examples == ("b", "a")
