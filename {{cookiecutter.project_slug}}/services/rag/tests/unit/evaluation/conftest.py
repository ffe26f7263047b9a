"""Passages, answers and cases of the evaluation's tests."""

from collections.abc import Callable
from uuid import UUID, uuid5

import pytest

from rag.evaluation.cases import Case, Kind
from rag.evaluation.observations import Citation, Given, Spot
from rag.retrieval.passages import Passage, Why

SPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


@pytest.fixture(scope="session")
def passage() -> Callable[..., Passage]:
    def make(document: str = "a.md", heading: str = "One", page: int = 1, text: str = "The port is 8002.") -> Passage:
        number = uuid5(SPACE, document)
        return Passage(
            document_id=number,
            document_name=document,
            revision=number,
            ordinal=0,
            heading=("Title", heading),
            page=page,
            page_end=page,
            text=text,
            context=text,
            score=1.0,
            why=Why(1.0),
        )

    return make


@pytest.fixture(scope="session")
def given() -> Callable[..., Given]:
    """An answer with a citation of each of the texts; they all stand below the same heading."""

    def make(text: str = "The port is 8002 [1].", *cited: str, abstained: bool = False, **rest) -> Given:
        spots = [Spot("a.md", 1, 1, ("Title", "One"), quoted) for quoted in cited]
        citations = [Citation(number, spot) for number, spot in enumerate(spots, start=1)]
        return Given(text, abstained, tuple(citations), **rest)

    return make


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    def make(case_id: str = "port", **fields) -> Case:
        if fields.get("kind") is Kind.UNANSWERABLE:
            return Case(id=case_id, question="Who am I?", kind=Kind.UNANSWERABLE)
        known = {"answer": "The port is 8002.", "facts": ("8002",), "document": "a.md", "heading": "One"}
        return Case(id=case_id, question="Which port?", **(known | fields))

    return make
