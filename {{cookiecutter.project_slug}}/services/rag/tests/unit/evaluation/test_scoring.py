import pytest

from rag.evaluation.cases import Kind
from rag.evaluation.observations import Observation, Verdict
from rag.evaluation.scoring import METRICS, score


def test_a_right_answer_scores_full(case, given, passage) -> None:
    answer = given("The port is 8002 [1].", "The port is 8002.", input_tokens=90, output_tokens=10)
    scores = score(case(), Observation((passage(),), answer))
    assert scores["recall@1"] == scores["mrr@10"] == scores["ndcg@10"] == 1
    assert scores["facts"] == scores["citation_precision"] == scores["citation_recall"] == 1
    assert scores["groundedness"] == scores["answered"] == scores["answer_f1"] == 1
    assert scores["tokens"] == 100
    assert scores["failed"] == 0
    assert "abstention_precision" not in scores
    assert set(scores) <= set(METRICS)


def test_abstaining_on_an_answerable_question_loses_the_answer(case, given, passage) -> None:
    scores = score(case(), Observation((passage(),), given("I do not know 8002.", abstained=True)))
    assert scores["recall@1"] == 1
    assert scores["answered"] == scores["facts"] == scores["answer_f1"] == scores["abstention_precision"] == 0
    assert "groundedness" not in scores
    assert "citation_precision" not in scores


@pytest.mark.parametrize("abstained", [True, False])
def test_an_unanswerable_question_is_judged_by_abstention_alone(case, given, passage, abstained) -> None:
    scores = score(case(kind=Kind.UNANSWERABLE), Observation((passage(),), given(abstained=abstained)))
    assert scores["abstention_recall"] == abstained
    assert scores.get("abstention_precision") == (1 if abstained else None)
    assert not scores.keys() & {"recall@1", "facts", "answer_f1", "answered", "citation_recall"}


def test_an_error_is_a_lost_answer(case, passage) -> None:
    scores = score(case(), Observation((passage(),), error="model_timed_out"))
    assert scores["failed"] == 1
    assert scores["answered"] == scores["facts"] == 0
    assert scores["recall@1"] == 1
    unanswerable = score(case(kind=Kind.UNANSWERABLE), Observation(error="model_timed_out"))
    assert unanswerable == {"failed": 1}


def test_retrieval_alone_can_be_judged(case, passage) -> None:
    scores = score(case(facts=()), Observation((passage("b.md"),)))
    assert scores["recall@10"] == 0
    assert "answered" not in scores


def test_without_facts_there_is_no_score_for_them(case, given) -> None:
    assert "facts" not in score(case(facts=()), Observation((), given("8002 it is")))
    assert "facts" not in score(case(facts=()), Observation(error="x"))


def test_invented_citations_and_the_judge_are_part_of_it(case, given) -> None:
    seen = Observation((), given("8002 it is", invented=2), Verdict(correct=True, grounded=False, reason="so"))
    scores = score(case(), seen)
    assert scores["invented_citations"] == 2
    assert (scores["judged_correct"], scores["judged_grounded"]) == (1, 0)
