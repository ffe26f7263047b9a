"""Rated answers as questions of a set."""

import re
from collections.abc import Iterable

from rag.answering.schemas import Answer
from rag.evaluation.cases import LONGEST_TEXT, Case, Kind, Place
from rag.evaluation.words import MARKER

UP = "up"
_MARKERS = re.compile(rf"\s*{MARKER.pattern}")


def case_of(answer: Answer, rating: str, comment: str | None) -> Case | None:
    """Return a rated answer as a question, or None when nobody knows what the right answer would be.

    A praised answer is the reference, with the pages that it cites; a praised abstention is an unanswerable question.
    Of a criticised answer the comment is the reference, and only the document is taken over: the page may be the fault.
    """
    fields = {"id": str(answer.id), "question": answer.standalone_question}
    if rating == UP and answer.abstained:
        return Case(**fields, kind=Kind.UNANSWERABLE)
    if rating == UP:
        return _answered(fields, answer.answer, [(cited.document_name, cited.page) for cited in answer.citations])
    cited = [(citation.document_name, None) for citation in answer.citations]
    return _answered(fields, comment or "", cited or [(source.document_name, None) for source in answer.sources[:1]])


def cases_of(rated: Iterable[tuple[Answer, str, str | None]]) -> list[Case]:
    """Return those that can be questions."""
    return [case for answer, rating, comment in rated if (case := case_of(answer, rating, comment)) is not None]


def _answered(fields: dict[str, str], reference: str, cited: Iterable[tuple[str, int | None]]) -> Case | None:
    text = " ".join(_MARKERS.sub("", reference).split())[:LONGEST_TEXT]
    places = tuple(Place(document=document, page=page) for document, page in dict.fromkeys(cited))
    return Case(**fields, answer=text, places=places) if text and places else None
