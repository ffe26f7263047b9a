import pytest

from bench.measurement import check_probabilities


def test_equal_answers_pass_within_single_precision() -> None:
    check_probabilities("peer", lambda answer: answer["p"], {"p": [0.2500001, 0.7499999]}, [0.25, 0.75])


@pytest.mark.parametrize("given", [[0.26, 0.74], [0.25], []])
def test_another_answer_is_refused(given: list[float]) -> None:
    with pytest.raises(RuntimeError, match="peer answered"):
        check_probabilities("peer", lambda answer: answer, given, [0.25, 0.75])
