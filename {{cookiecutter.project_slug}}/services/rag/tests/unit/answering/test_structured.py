"""Judging a structured answer."""

import pytest

from rag.answering.structured import cleaned, judged


def test_all_texts_of_a_document_are_cleaned() -> None:
    data = {"a": "x", "b": ["x", 1, None, {"c": "x"}], "d": True}
    assert cleaned(data, lambda text: f"<{text}>") == {"a": "<x>", "b": ["<x>", 1, None, {"c": "<x>"}], "d": True}


def test_each_value_is_cited_with_the_passage_that_holds_it_best(make_passage) -> None:
    passages = (
        make_passage("The service listens on port 8002.", "manual.pdf"),
        make_passage("Employees get 25 days of holiday a year.", "handbook.docx"),
    )
    draft = judged({"port": 8002, "holiday": "25 days of holiday", "moon": "made of cheese"}, passages, "?", 0.5)
    assert [citation.marker for citation in draft.citations] == [1, 2]
    assert 0.5 < draft.support < 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-05-22", "The dividend is paid on 22 May 2026."),
        ("2026-05-22", "The dividend is paid on May 22, 2026."),
        (2_400_000, "The repair cost NOK 2.4 million."),
        (2_400_000.0, "The repair cost NOK 2.4 million."),
        (740_000, "The chair was paid NOK 740,000."),
        (46.0, "Every officer trains for 46 hours a year."),
    ],
)
def test_dates_and_numbers_are_found_as_documents_write_them(make_passage, value, text: str) -> None:
    draft = judged({"value": value}, (make_passage(text),), "?", 0.5)
    assert [citation.marker for citation in draft.citations] == [1]
    assert draft.support > 0.9


def test_another_date_or_number_is_not_supported(make_passage) -> None:
    passages = (make_passage("The dividend of NOK 2.4 million is paid on 22 May 2026."),)
    draft = judged({"day": "2026-06-22", "sum": 2_500_000}, passages, "?", 0.5)
    assert (draft.citations, draft.support) == ((), 0.0)


@pytest.mark.parametrize("data", [{}, {"port": None}, {"port": " "}, {"ports": [], "more": [{"port": ""}]}])
def test_a_document_that_says_nothing_stands_on_nothing(make_passage, data: dict) -> None:
    draft = judged(data, (make_passage("The service listens on port 8002."),), "?", 0.5)
    assert (draft.citations, draft.support) == ((), 0.0)
