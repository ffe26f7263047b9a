"""Metrics of answers beside values that were worked out by hand."""

import pytest

from rag.evaluation.cases import Case, Place
from rag.evaluation.judging import citation_precision, citation_recall, facts_held, groundedness, holds, token_f1
from rag.evaluation.observations import Citation, Spot

PLACES = (Place(document="a.md", page=1), Place(document="b.md", page=2))
CASE = Case(id="c", question="q", answer="a", places=PLACES)


def cite(document: str, page: int) -> Citation:
    return Citation(1, Spot(document, page, page, (), "text"))


def test_citations_are_judged_by_page() -> None:
    citations = [cite("a.md", 1), cite("a.md", 2), cite("a.md", 1), cite("c.md", 1)]
    assert citation_precision(citations, CASE) == 0.5
    assert citation_recall(citations, CASE) == 0.5
    assert citation_recall([], CASE) == 0.0


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("The port is 8002.", "The port is 8002.", 1.0),
        ("port 8002", "The port is 8002", 2 * 2 / 6),
        ("the the the", "the port", 2 * 1 / 5),  # a word counts as often as the reference has it
        ("nothing", "The port is 8002", 0.0),
        ("", "The port is 8002", 0.0),
        ("`8002` [1]", "8002", 1.0),
    ],
)
def test_f1_counts_the_words_in_common(answer, reference, expected) -> None:
    assert token_f1(answer, reference) == pytest.approx(expected)


def test_facts_are_found_whatever_the_marks() -> None:
    answer = "It rests as **`dead_letter`**[1],\nwith its [2] reason."
    assert facts_held(answer, ["rests as dead_letter", "60 seconds"]) == 0.5
    assert holds(answer, "dead_letter, with its reason")
    assert not holds(answer, "with no reason")


def test_any_wording_of_a_fact_will_do() -> None:
    assert holds("within 60 s", "60 seconds | 60 s")
    assert not holds("within 61 m", "60 seconds | 60 s")


CITED = "The service listens on port 8002. It stops within twenty seconds."


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("The service listens on port 8002 [1].", 1.0),
        ("The service listens on port 8003 [1].", 0.0),  # a number that is not there
        ("The service listens on port 8002 [1]. Penguins live in Antarctica [1].", 0.5),
        ("The service listens on port 8002.", 1.0),  # without a citation of its own: all of them
        ("The service listens on port 8002 [2].", 0.0),  # what it cites says something else
        ("Yes.", None),
        ("", None),
    ],
)
def test_groundedness_is_the_share_of_supported_sentences(given, answer, expected) -> None:
    assert groundedness(given(answer, CITED, "Penguins swim well.")) == expected


def test_an_answer_without_citations_has_no_ground(given) -> None:
    assert groundedness(given("The service listens on port 8002.")) == 0.0
