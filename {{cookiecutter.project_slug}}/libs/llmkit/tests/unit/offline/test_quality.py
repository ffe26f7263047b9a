"""How good the offline model is, measured on documents and questions that were written for this test.

Four of the documents (protocol, annual-report, handbook, manual) were there when the rules were made; the other four
were written afterwards, so that the numbers say something about documents of other people.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmkit.offline.answers import Answer, answer
from llmkit.offline.request import SourcePassage

FOLDER = Path(__file__).parent / "examples"


def passages_of(name):
    """Cut a document at its headings, each part under the document's title."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    is_markdown = name.endswith(".md")
    parts = re.split(r"\n(?=## )" if is_markdown else r"\n(?=\d+\.\s)", text)
    title = parts[0].split("\n")[0].lstrip("# ")
    parts[1:] = [f"{title} > {part.lstrip('# ')}" if is_markdown else part for part in parts[1:]]
    return [SourcePassage(str(number), name, part) for number, part in enumerate(parts, start=1)]


def examples():
    for line in (FOLDER / "questions.txt").read_text(encoding="utf-8").splitlines():
        name, question, expected = line.split(" | ")
        yield name, question, expected


NAMES = sorted({name for name, _, _ in examples()})
ALL = [passage for name in NAMES for passage in passages_of(name)]
ALL = [SourcePassage(str(number), passage.document, passage.text) for number, passage in enumerate(ALL, start=1)]


@dataclass(frozen=True)
class Asked:
    """A question, what was expected ("-" for nothing) and what was answered."""

    question: str
    expected: str
    answer: Answer

    @property
    def is_right(self):
        text = self.answer.text.lower()
        return not self.answer.abstained and all(piece.lower() in text for piece in self.expected.split(" && "))


@pytest.fixture(scope="module")
def alone():
    """All questions, each asked of its own document."""
    return [Asked(question, expected, answer(question, passages_of(name))) for name, question, expected in examples()]


@pytest.fixture(scope="module")
def together():
    """All questions, asked of all documents at once."""
    return [Asked(question, expected, answer(question, ALL)) for _, question, expected in examples()]


@pytest.mark.parametrize(("scope", "most_invented"), [("alone", 0.08), ("together", 0.12)])
def test_it_answers_what_can_be_answered_and_abstains_from_the_rest(scope, most_invented, request):
    # together a few questions meet an answer to a similar one: two of the documents report on a company
    asked = request.getfixturevalue(scope)
    answerable = [item for item in asked if item.expected != "-"]
    unanswerable = [item for item in asked if item.expected == "-"]
    assert len(answerable) >= 100
    assert len(unanswerable) >= 40
    wrong = [(item.question, item.answer.text) for item in answerable if not item.is_right]
    invented = [(item.question, item.answer.text) for item in unanswerable if not item.answer.abstained]
    assert len(wrong) <= 0.08 * len(answerable), wrong
    assert len(invented) <= most_invented * len(unanswerable), invented


def test_what_it_cites_holds_the_answer(together):
    for item in together:
        if item.expected != "-" and item.is_right:
            cited = {ALL[int(number) - 1].text.lower() for number in re.findall(r"\[(\d+)\]", item.answer.text)}
            assert cited, item.question
            assert all(any(piece.lower() in text for text in cited) for piece in item.expected.split(" && ")), (
                item.question
            )


def test_answers_are_short(together):
    lengths = sorted(len(item.answer.text) for item in together if not item.answer.abstained)
    assert lengths[len(lengths) // 2] < 160
    assert lengths[-1] < 700
