"""What happens while a question is answered, in this order: `Sources`, `Token`s, and one of `Answered` and `Failed`."""

from dataclasses import dataclass
from typing import TypeAlias

from rag.answering.schemas import Answer
from rag.answering.withholding import Withheld
from rag.retrieval.passages import Passage
from servicekit.problems import Problem


@dataclass(frozen=True, slots=True)
class Sources:
    """The passages that the model reads; the first is cited as [1]."""

    passages: tuple[Passage, ...]
    withheld: tuple[Withheld, ...] = ()
    """What was found and kept away from the model."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer. Its markers are checked, its links are on the allow-list."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer. Its text is the last word: it replaces the tokens when the answer was withheld after all."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no answer."""

    problem: Problem


AnswerEvent: TypeAlias = Sources | Token | Answered | Failed
