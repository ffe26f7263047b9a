from bench.bars import judge
from bench.summary import Figure


def figure(server: str, rate: float, p99: float, failures: int = 0, connections: int = 16) -> Figure:
    return Figure(server, "forest", connections, rate, rate, rate, p99 / 2, p99, failures)


def verdicts(*figures: Figure) -> list[bool]:
    found = judge(figures, ours="ours", mlflow="mlflow", peers=("mlflow", "slow", "fast"))
    return [verdict.kept for verdict in found]


def test_all_promises_are_kept_at_the_bar() -> None:
    assert verdicts(figure("ours", 2500, 3), figure("mlflow", 100, 90), figure("fast", 1250, 4)) == [True] * 4


def test_each_promise_can_be_broken_alone() -> None:
    mlflow, fast = figure("mlflow", 100, 90), figure("fast", 1000, 4)
    assert verdicts(figure("ours", 2499, 3), mlflow, fast) == [False, True, True, True]
    assert verdicts(figure("ours", 2500, 3), mlflow, figure("fast", 1251, 4)) == [True, False, True, True]
    assert verdicts(figure("ours", 2500, 4), mlflow, fast) == [True, True, False, True]
    assert verdicts(figure("ours", 2500, 3, failures=1), mlflow, fast) == [True, True, True, False]


def test_the_latency_is_compared_with_the_fastest_peer_only() -> None:
    assert verdicts(figure("ours", 9000, 3), figure("mlflow", 100, 90), figure("slow", 10, 1), figure("fast", 900, 4))[
        2
    ]


def test_one_connection_is_not_judged() -> None:
    assert verdicts(figure("ours", 1, 1, connections=1), figure("mlflow", 100, 1, connections=1)) == []
