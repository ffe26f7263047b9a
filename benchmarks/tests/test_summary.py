import pytest

from bench.summary import Reading, quantile, summarise


def reading(server: str, rate: float, p99: float, failures: int = 0) -> Reading:
    return Reading(server, "logistic", 16, rate, p50=p99 / 2, p99=p99, failures=failures)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 5), (0.99, 10), (1.0, 10)])
def test_quantile_is_a_value_that_was_seen(share: float, value: int) -> None:
    assert quantile(range(1, 11), share) == value


def test_a_figure_is_the_median_of_the_rounds_and_sums_failures() -> None:
    readings = [reading("a", 100, 4), reading("b", 7, 1), reading("a", 300, 2, failures=1), reading("a", 120, 9)]
    first, second = summarise(readings)
    assert (first.server, first.rate, first.p99, first.failures) == ("a", 120, 4, 1)
    assert (first.slowest, first.fastest) == (100, 300)
    assert second.server == "b"
