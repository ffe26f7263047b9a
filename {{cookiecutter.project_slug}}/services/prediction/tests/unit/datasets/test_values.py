import numpy as np
import pyarrow as pa
import pytest

from prediction.datasets.values import is_number, parse_moments, parse_numbers, without_missing_marks


def cells(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


def test_marks_of_missing_values_become_null() -> None:
    marked = without_missing_marks(cells("", " NA ", "n/a", "null", "None", "?", "-", "NaN", "x", " y "))
    assert marked.to_pylist() == [None] * 8 + ["x", "y"]


@pytest.mark.parametrize(
    ("values", "comma_separated", "expected", "notation"),
    [
        (("1", "2.5", "-3e2", "+4", ".5"), True, [1, 2.5, -300, 4, 0.5], ""),
        (("1,5", "2,25", "-3"), False, [1.5, 2.25, -3], "decimal comma"),
        (("1.234,5", "12.000,0"), False, [1234.5, 12000], "decimal comma"),
        (("1,234.5", "12,000"), True, [1234.5, 12000], "thousands comma"),
        (("1,234", "5,678"), True, [1234, 5678], "thousands comma"),
        (("1,234", "5,678"), False, [1.234, 5.678], "decimal comma"),
        (("1,5", "2,25"), True, [1.5, 2.25], "decimal comma"),
    ],
)
def test_reads_numbers_in_every_notation(
    values: tuple[str, ...], comma_separated: bool, expected: list[float], notation: str
) -> None:
    parsed = parse_numbers(cells(*values), comma_separated=comma_separated)
    assert parsed is not None
    assert (parsed.values.tolist(), parsed.notation) == (expected, notation)


def test_a_cell_of_very_many_digits_is_looked_at_once() -> None:
    assert is_number("1" * 500_000)
    assert not is_number("1" * 500_000 + "x")


def test_a_few_strange_values_among_numbers_count_as_missing_and_are_named() -> None:
    parsed = parse_numbers(cells(*map(str, range(98)), "unknown", "inf"))
    assert parsed is not None
    assert parsed.strange == ("unknown", "infinity")
    assert parsed.strange_count == 2
    assert np.isnan(parsed.values[-2:]).all()


@pytest.mark.parametrize("values", [("a", "b"), ("1", "x", "2"), (None, None)])
def test_words_are_not_numbers(values: tuple[str | None, ...]) -> None:
    assert parse_numbers(cells(*values)) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86_400),
        ("1970-01-01 00:01", 60),
        ("1970-01-01T00:01:30", 90),
        ("1970-01-01T00:01:30.250Z", 90),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01T00:00:00-0130", 5_400),
        ("02/01/1970", 86_400),
        ("02.01.1970 00:01", 86_460),
        ("1970/01/02", 86_400),
        ("2 Jan 1970", 86_400),
    ],
)
def test_reads_moments_in_usual_formats(text: str, seconds: int) -> None:
    parsed = parse_moments(cells(text, text, None))
    assert parsed is not None
    assert parsed.values[:2].tolist() == [seconds, seconds]
    assert np.isnan(parsed.values[2])


def test_reads_month_before_day_when_only_that_fits() -> None:
    parsed = parse_moments(cells("01/02/1970", "01/31/1970"))
    assert parsed is not None
    assert parsed.values.tolist() == [86_400, 30 * 86_400]


@pytest.mark.parametrize(
    "values", [("a b c d e f", "g h i j k l"), (None,), ("12-34-5678", "99-99-9999"), ("x1", "x2")]
)
def test_other_text_is_no_moment(values: tuple[str | None, ...]) -> None:
    assert parse_moments(cells(*values)) is None
