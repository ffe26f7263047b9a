"""Judging a structured answer."""

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
