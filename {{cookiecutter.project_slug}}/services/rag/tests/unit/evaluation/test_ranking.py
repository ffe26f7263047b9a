"""Metrics of retrieval beside values that were worked out by hand."""

import math

import pytest
from hypothesis import given, strategies

from rag.evaluation.cases import Case, Place
from rag.evaluation.observations import Spot
from rag.evaluation.ranking import hit, lies_in, ndcg, recall, reciprocal_rank

ONE, TWO = Place(document="a.md", heading="One"), Place(document="b.md", page=3)
CASE = Case(id="c", question="q", answer="a", places=(ONE, TWO))


def at(document: str, heading: str = "x", page: int = 1, page_end: int | None = None, text: str = "text") -> Spot:
    return Spot(document, page, page_end or page, ("Title", heading), text)


IN_ONE, IN_TWO, NOWHERE = at("a.md", "One"), at("b.md", page=3), at("c.md")


@pytest.mark.parametrize(
    ("found", "k", "expected"),
    [
        ([IN_ONE, IN_TWO], 2, 1.0),
        ([IN_ONE, NOWHERE, IN_TWO], 2, 0.5),
        ([IN_ONE, IN_ONE, IN_ONE], 3, 0.5),  # the same section again is nothing new
        ([NOWHERE], 5, 0.0),
        ([], 5, 0.0),
    ],
)
def test_recall_is_the_share_of_expected_places(found, k, expected) -> None:
    assert recall(found, CASE, k) == expected


def test_a_hit_is_any_expected_place_within_the_depth() -> None:
    assert hit([NOWHERE, IN_TWO], CASE, 2) == 1.0
    assert hit([NOWHERE, IN_TWO], CASE, 1) == 0.0


@pytest.mark.parametrize(("rank", "expected"), [(1, 1.0), (2, 0.5), (4, 0.25), (11, 0.0)])
def test_the_reciprocal_rank_looks_at_the_first_relevant_passage(rank, expected) -> None:
    assert reciprocal_rank([NOWHERE] * (rank - 1) + [IN_ONE, IN_TWO], CASE, 10) == expected


def test_ndcg_discounts_by_rank() -> None:
    best = 1 + 1 / math.log2(3)
    assert ndcg([IN_ONE, IN_TWO], CASE, 10) == pytest.approx(1.0)
    assert ndcg([NOWHERE, IN_ONE, IN_TWO], CASE, 10) == pytest.approx((1 / math.log2(3) + 0.5) / best)
    assert ndcg([IN_ONE, IN_ONE], CASE, 10) == pytest.approx(1 / best)
    assert ndcg([IN_ONE], CASE, 1) == pytest.approx(1.0)


def test_one_passage_below_two_expected_headings_is_no_more_than_perfect() -> None:
    both = Spot("a.md", 1, 1, ("One", "Deeper"), "text")
    places = (ONE, Place(document="a.md", heading="Deeper"))
    case = Case(id="c", question="q", answer="a", places=places)
    assert ndcg([both], case, 10) == 1.0
    assert recall([both], case, 1) == 1.0


def test_a_text_that_runs_over_a_heading_lies_in_both_sections() -> None:
    assert lies_in(at("a.md", text="The end.\n\n## **One**\n\nThe beginning."), ONE)
    assert not lies_in(at("a.md", text="The end.\n\n## One more\n\nThe beginning."), ONE)


def test_what_the_answer_has_to_say_shows_the_place_if_it_is_long_enough() -> None:
    spot = at("a.md", text="It rests as `dead_letter` for 60 days.")
    assert lies_in(spot, ONE, ["rests as dead_letter"])
    assert lies_in(spot, ONE, ["nothing of it | as dead_letter"])
    assert not lies_in(spot, ONE, ["60 days"])
    assert not lies_in(spot, Place(document="b.md", heading="One"), ["rests as dead_letter"])
    assert not lies_in(spot, Place(document="a.md", heading="One", page=2), ["rests as dead_letter"])


@pytest.mark.parametrize(
    ("spot", "place", "expected"),
    [
        (at("docs/a.md"), Place(document="a.md"), True),
        (at("docs/a.md"), Place(document="docs/A.md"), True),
        (at("da.md"), Place(document="a.md"), False),
        (at("a.md", page=3, page_end=5), Place(document="a.md", page=4), True),
        (at("a.md", page=3, page_end=5), Place(document="a.md", page=6), False),
        (at("a.md", "In containers: make up"), Place(document="a.md", heading="In containers: `make up`"), True),
        (at("a.md", "In containers"), Place(document="a.md", heading="Containers"), False),
        (at("a.md"), Place(document="a.md", heading="Title"), True),
    ],
)
def test_a_passage_lies_in_a_place_by_document_page_and_heading(spot, place, expected) -> None:
    assert lies_in(spot, place) is expected


@given(strategies.lists(strategies.sampled_from([IN_ONE, IN_TWO, NOWHERE]), max_size=12))
def test_metrics_stay_between_0_and_1_and_agree_on_nothing_found(found) -> None:
    values = [metric(found, CASE, 10) for metric in (recall, hit, reciprocal_rank, ndcg)]
    assert all(0 <= value <= 1 for value in values)
    assert len({value > 0 for value in values}) == 1


@given(strategies.permutations([IN_ONE, IN_TWO, NOWHERE, NOWHERE]))
def test_the_best_order_is_never_beaten(found) -> None:
    assert ndcg(found, CASE, 10) <= ndcg([IN_ONE, IN_TWO, NOWHERE, NOWHERE], CASE, 10)
