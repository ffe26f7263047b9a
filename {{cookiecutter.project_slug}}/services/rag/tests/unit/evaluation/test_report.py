import pytest

from rag.evaluation.cases import Kind
from rag.evaluation.gate import BOUNDS, Bound, breaches, read_bounds
from rag.evaluation.memory import MemoryAnswering, MemoryJudging, MemorySearching
from rag.evaluation.observations import Verdict
from rag.evaluation.report import compare
from rag.evaluation.runner import EvaluationOptions, evaluate
from rag.evaluation.scoring import METRICS
from rag.retrieval.passages import RetrievalOptions
from servicekit.problems import Unavailable

OPTIONS = EvaluationOptions("acme", configuration={"embedder": "hashed-384-1"})


@pytest.fixture
def cases(case):
    return [case("a"), case("b", kind=Kind.TYPO), case("c", kind=Kind.UNANSWERABLE)]


@pytest.fixture
def searching(passage) -> MemorySearching:
    return MemorySearching({"a": [passage()], "b": [passage("b.md"), passage()]})


@pytest.fixture
def answering(given) -> MemoryAnswering:
    right = given(
        "The port is 8002 [1].", "The port is 8002.", model="offline", prompt="answer/1", timings_ms={"llm": 2}
    )
    return MemoryAnswering({"a": right, "b": right, "c": given("I do not know.", abstained=True)})


async def test_a_report_sums_up_all_and_each_kind(searching, answering, cases) -> None:
    report = await evaluate(searching, answering, cases, OPTIONS)
    assert [row.id for row in report.rows] == ["a", "b", "c"]
    assert report.metrics["hit@1"].value == 0.5
    assert report.metrics["hit@1"].cases == 2
    assert report.kinds[Kind.TYPO]["mrr@10"].value == 0.5
    assert report.metrics["abstention_recall"].value == 1
    assert report.rows[1].found == ["b.md > Title > One", "a.md > Title > One"]
    assert report.rows[0].citations[0].document == "a.md"
    assert (report.rows[0].model, report.rows[0].prompt) == ("offline", "answer/1")
    assert report.configuration["models"] == ["offline"]
    assert report.configuration["prompts"] == ["answer/1"]
    assert report.configuration["embedder"] == "hashed-384-1"
    assert set(report.timings_ms) == {"search", "answer", "answer.llm"}
    assert set(report.metrics) <= set(METRICS)


async def test_two_runs_differ_in_nothing_but_their_timings(searching, answering, cases) -> None:
    first = await evaluate(searching, answering, cases, OPTIONS)
    second = await evaluate(
        searching, answering, cases, EvaluationOptions("acme", configuration=OPTIONS.configuration, concurrency=3)
    )
    assert first.model_dump(exclude={"timings_ms"}) == second.model_dump(exclude={"timings_ms"})


async def test_enough_passages_are_searched_for_whatever_an_answer_uses(searching, cases) -> None:
    options = EvaluationOptions("acme", RetrievalOptions(limit=3))
    report = await evaluate(searching, None, cases, options)
    assert {asked.limit for asked in searching.asked} == {10}
    assert report.configuration["limit"] == 3
    assert "answered" not in report.metrics
    assert report.rows[0].answer is None


async def test_a_question_that_fails_is_counted_and_the_others_go_on(searching, answering, cases) -> None:
    answering.given = {**answering.given, "a": Unavailable("The model is away.")}
    report = await evaluate(searching, answering, cases, OPTIONS)
    assert report.metrics["failed"].value == pytest.approx(1 / 3)
    assert report.metrics["answered"].value == 0.5
    assert report.rows[0].error == "unavailable"
    assert report.rows[0].scores["hit@1"] == 1


async def test_progress_is_told_and_ends_at_one(searching, answering, cases) -> None:
    told: list[tuple[float, str]] = []
    await evaluate(searching, answering, cases, OPTIONS, progress=lambda *what: told.append(what))
    assert told[-1] == (1.0, "3 of 3 questions asked")
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)


async def test_what_stops_a_job_stops_the_evaluation(searching, answering, cases) -> None:
    class Stop(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stop

    with pytest.raises(Stop):
        await evaluate(searching, answering, cases, OPTIONS, progress=stop)


async def test_the_judge_sees_answers_and_no_abstentions(searching, answering, cases) -> None:
    judging = MemoryJudging(Verdict(correct=True, grounded=False, reason="as it says"))
    report = await evaluate(searching, answering, cases, OPTIONS, judging=judging)
    assert judging.judged == ["a", "b"]
    assert report.metrics["judged_correct"].value == 1
    assert report.metrics["judged_grounded"].value == 0
    assert report.rows[0].judge == "as it says"
    assert report.configuration["judge"] is True


async def test_without_questions_there_is_nothing_to_report(searching, answering) -> None:
    with pytest.raises(ValueError, match="no questions"):
        await evaluate(searching, answering, [], OPTIONS)


async def test_a_comparison_shows_a_gain_and_a_loss(searching, passage, case) -> None:
    cases = [case(str(number)) for number in range(20)]
    good = MemorySearching({one.id: [passage()] for one in cases})
    bad = MemorySearching({one.id: [passage("b.md"), passage()] for one in cases})
    best, worst = [await evaluate(searching, None, cases, OPTIONS) for searching in (good, bad)]
    lost = compare(best, worst).metrics
    assert (lost["mrr@10"].difference, lost["mrr@10"].verdict) == (-0.5, "worse")
    assert lost["recall@10"].verdict == "not shown"
    assert compare(worst, best).metrics["mrr@10"].verdict == "better"
    assert compare(worst, best).timings_ms.keys() == {"search"}


async def test_more_of_what_is_bad_is_worse(searching, given, case) -> None:
    cases = [case(str(number)) for number in range(20)]
    cheap = MemoryAnswering({one.id: given(input_tokens=10) for one in cases})
    dear = MemoryAnswering({one.id: given(input_tokens=20) for one in cases})
    first, second = [await evaluate(searching, answering, cases, OPTIONS) for answering in (cheap, dear)]
    assert compare(first, second).metrics["tokens"].verdict == "worse"


async def test_only_the_same_questions_can_be_compared(searching, answering, cases) -> None:
    first = await evaluate(searching, answering, cases, OPTIONS)
    second = await evaluate(searching, answering, cases[:2], OPTIONS)
    with pytest.raises(ValueError, match="same questions"):
        compare(first, second)


async def test_the_gate_names_what_fell_below_and_why(searching, answering, cases) -> None:
    report = await evaluate(searching, answering, cases, OPTIONS)
    bounds = (
        Bound("hit@1", 0.9, "the first passage is read most"),
        Bound("mrr@10", 0.5, "kept"),
        Bound("failed", 0, "kept"),
        Bound("judged_correct", 0.5, "nobody judged"),
        Bound("tokens", -1, "must be free"),
    )
    said = [str(breach) for breach in breaches(report, bounds)]
    assert said == [
        "hit@1 is 0.500, it must be at least 0.9: the first passage is read most",
        "judged_correct was not measured, it must be at least 0.5: nobody judged",
        "tokens is 0.000, it must be at most -1: must be free",
    ]


def test_the_shipped_bounds_are_readable_and_reasoned() -> None:
    bounds = read_bounds(BOUNDS)
    assert {"recall@10", "facts", "citation_precision", "abstention_recall"} <= {bound.metric for bound in bounds}
    assert all(len(bound.reason) > 10 for bound in bounds)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('["recall@7"]\nbound = 1\nreason = "x"', "no metric recall@7"),
        ("[facts]\nbound = 0.5", "facts needs a bound and a reason"),
        ('[facts]\nbound = "high"\nreason = "x"', "facts needs a bound and a reason"),
    ],
)
def test_a_bound_without_reason_or_metric_is_refused(tmp_path, text, complaint) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read_bounds(path)
