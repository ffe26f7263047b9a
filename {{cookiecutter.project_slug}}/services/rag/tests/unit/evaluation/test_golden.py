"""The shipped questions are true of the shipped documents, whatever has been edited since."""

from collections import Counter
from pathlib import Path

import pytest

from rag.evaluation.cases import Kind
from rag.evaluation.files import read_set
from rag.evaluation.judging import holds
from rag.evaluation.semantic import read_pairs
from rag.evaluation.words import words

ROOT = Path(__file__).parents[5]
CASES = read_set("project")
ANSWERABLE = [case for case in CASES if case.answerable]


def test_there_are_enough_questions_of_every_kind() -> None:
    kinds = Counter(case.kind for case in CASES)
    assert kinds.total() >= 60
    assert min(kinds[kind] for kind in Kind) >= 7


@pytest.mark.parametrize("case", ANSWERABLE, ids=lambda case: case.id)
def test_documents_and_headings_exist_and_hold_the_facts(case) -> None:
    texts = {place.document: (ROOT / place.document).read_text(encoding="utf-8") for place in case.expected}
    for place in case.expected:
        headings = [words(line.lstrip("# ")) for line in texts[place.document].splitlines() if line.startswith("#")]
        assert words(place.heading or "") in headings
    assert case.facts
    for fact in case.facts:
        assert any(holds(text, fact) for text in texts.values()), f"no document says {fact!r}"
        assert holds(case.answer, fact), f"the answer does not hold {fact!r}"


def test_no_question_depends_on_an_optional_component() -> None:
    learning = {f"docs/learn/{name}.md" for name in ("README", "platform", "rag")}
    allowed = learning | {"docs/README.md", "docs/architecture.md", "docs/run.md", "libs/servicekit/README.md"}
    documents = {place.document for case in ANSWERABLE for place in case.expected}
    assert documents <= allowed


def test_unanswerable_questions_are_not_answered_by_accident() -> None:
    everything = "\n".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/**/*.md")))
    for word in ("Mongolia", "Kafka", "Slack", "iPhone", "KEEPALIVE", "MongoDB", "lawyer"):
        assert not holds(everything, word)


def test_pairs_of_questions_hold_repetitions_and_near_misses() -> None:
    pairs = read_pairs()
    assert sum(pair.same for pair in pairs) >= 10
    assert sum(not pair.same for pair in pairs) >= 20
    assert all(pair.first != pair.second for pair in pairs)
