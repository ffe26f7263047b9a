import pytest

from bench import report
from bench.summary import Figure


def figure(server: str, rate: float, model: str = "logistic", connections: int = 16) -> Figure:
    return Figure(server, model, connections, rate, rate, rate, p50=1.0, p99=2.0, failures=0)


def test_rate_table_lists_the_limits_with_the_model_and_marks_ours() -> None:
    figures = [figure("ours", 300), figure("peer", 100), figure("limit", 600, "any"), figure("peer", 5, "forest")]
    assert report.rate_table(figures, "logistic", "ours").splitlines() == [
        "| server | 16 conn.: requests/s | p50 / p99 ms | ours is |",
        "| --- | ---: | ---: | ---: |",
        "| peer | 100 | 1 / 2 | 3.00 × |",
        "| **ours** | 300 | 1 / 2 | 1.00 × |",
        "| limit | 600 | 1 / 2 | 0.50 × |",
    ]


def test_cost_table_says_what_a_request_saves_without_a_piece() -> None:
    lines = report.cost_table(
        [figure("everything", 5000), figure("without tracing", 6250)], "everything", 16
    ).splitlines()
    assert lines[2:] == ["| **everything** | 5,000 |  | 200 |  |", "| without tracing | 6,250 | +25% | 160 | 40 |"]


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    document = f"before\n{report.START}\nold\n{report.END}\nafter\n"
    assert report.replace_measured(document, "new") == f"before\n{report.START}\n\nnew\n\n{report.END}\nafter\n"


def test_a_document_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        report.replace_measured("text", "new")
