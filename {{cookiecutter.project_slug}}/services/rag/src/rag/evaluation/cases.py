"""Questions whose answers are known, and where they stand."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator

LONGEST_TEXT = 8000
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)]
ALTERNATIVE = " | "
"""Between wordings of a fact of which any will do."""


class Kind(StrEnum):
    """What makes a question hard."""

    SINGLE_HOP = "single-hop"
    MULTI_HOP = "multi-hop"  # the answer stands in several places
    FOLLOW_UP = "follow-up"  # cannot be understood without the turns before
    TYPO = "typo"
    UNANSWERABLE = "unanswerable"  # the documents do not say


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Strict):
    """Where an answer stands: a document, and in it a page or the text below a heading."""

    document: Text
    page: StrictInt | None = Field(None, ge=1)
    heading: Text | None = None


class Turn(_Strict):
    """A question and its answer, earlier in the conversation."""

    question: Text
    answer: Text


class Case(_Strict):
    """One question. `document`, `page` and `heading` are the short form of one place, `places` is the long one."""

    id: Text = Field(max_length=64)
    question: Text
    answer: str = Field("", max_length=LONGEST_TEXT)
    facts: tuple[Text, ...] = ()
    kind: Kind = Kind.SINGLE_HOP
    document: Text | None = None
    page: StrictInt | None = Field(None, ge=1)
    heading: Text | None = None
    places: tuple[Place, ...] = ()
    history: tuple[Turn, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the documents hold an answer."""
        return self.kind is not Kind.UNANSWERABLE

    @property
    def expected(self) -> tuple[Place, ...]:
        """Every place that a complete answer needs."""
        if self.document is None:
            return self.places
        return (Place(document=self.document, page=self.page, heading=self.heading), *self.places)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.answerable:
            if self.expected or self.facts or self.answer.strip():
                raise ValueError("an unanswerable question has no answer, no facts and no place")
            return self
        if not self.answer.strip():
            raise ValueError("the answer is missing")
        if not self.expected:
            raise ValueError("the document is missing")
        if self.kind is Kind.FOLLOW_UP and not self.history:
            raise ValueError("a follow-up needs its history")
        return self
