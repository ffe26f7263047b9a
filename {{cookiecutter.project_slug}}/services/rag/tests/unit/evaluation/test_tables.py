import pytest

from rag.evaluation.cases import Kind
from rag.evaluation.gate import Bound, Breach
from rag.evaluation.memory import MemoryAnswering, MemorySearching
from rag.evaluation.report import compare
from rag.evaluation.runner import EvaluationOptions, evaluate
from rag.evaluation.semantic import CacheQuality, Pair
from rag.evaluation.tables import show_breaches, show_cache, show_comparison, show_overview, show_report
from servicekit.problems import Unavailable


@pytest.fixture
async def reports(case, given, passage):
    cases = [
        case("right"),
        case("lost", kind=Kind.TYPO),
        case("shy"),
        case("wrong"),
        case("stray"),
        case("down"),
        case("bold", kind=Kind.UNANSWERABLE),
    ]
    right = given("The port is 8002 [1].", "The port is 8002.", input_tokens=1200)
    searching = MemorySearching({one.id: [passage()] for one in cases if one.id != "lost"})
    answers = {
        "right": right,
        "lost": right,
        "shy": given("I do not know.", abstained=True),
        "wrong": given("The port is 9."),
        "stray": given("The port is 8002 [1].", "The port is 8002."),
        "down": Unavailable("away"),
        "bold": right,
    }
    options = EvaluationOptions("acme", configuration={"embedder": "hashed-384-1"})
    first = await evaluate(searching, MemoryAnswering(answers), cases, options)
    nothing = MemorySearching({})
    return first, await evaluate(nothing, MemoryAnswering(answers), cases, options)


async def test_a_report_shows_configuration_metrics_kinds_and_what_went_wrong(reports) -> None:
    shown = show_report(reports[0])
    assert "7 questions" in shown
    assert "embedder      hashed-384-1" in shown
    assert "single-hop" in shown
    assert "judge         false" in shown
    (recall,) = [line for line in shown.splitlines() if line.startswith("recall@5")]
    assert recall.split()[1] == "0.833"
    for fault in ("not found", "abstained", "fact missing", "unavailable", "answered the unknown"):
        assert any(line.startswith(fault) for line in shown.splitlines()), fault
    assert "right: Which port?" not in shown


async def test_many_faults_are_cut_short(reports) -> None:
    report = reports[0].model_copy(update={"rows": reports[0].rows * 4})
    assert "and 8 more; --output FILE writes all" in show_report(report)


async def test_a_comparison_shows_differences_with_intervals(reports) -> None:
    shown = show_comparison("without search", compare(*reports))
    (line,) = [line for line in shown.splitlines() if line.startswith("recall@5")]
    assert "-0.833" in line
    assert line.endswith("worse")
    assert "search ms" in shown


async def test_an_overview_marks_what_chance_does_not_explain(reports) -> None:
    shown = show_overview([("without search", compare(*reports)), ("as it is", compare(reports[0], reports[0]))])
    lost, same = shown.splitlines()[1:3]
    assert "-0.833*" in lost
    assert "+0.000" in same
    assert "*" not in same


def test_the_cache_is_shown_with_what_it_confuses() -> None:
    pairs = tuple(
        Pair(first="a", second=second, same=same) for second, same in (("A", True), ("b", False), ("c", False))
    )
    shown = show_cache(CacheQuality(pairs, (True, True, False)))
    assert "100.0% of 1" in shown
    assert "50.0% of 2" in shown
    assert "confused: a / b" in shown


def test_breaches_are_lines() -> None:
    assert show_breaches([Breach(Bound("facts", 0.9, "so"), 0.5)]).startswith("gate: facts is 0.500")
