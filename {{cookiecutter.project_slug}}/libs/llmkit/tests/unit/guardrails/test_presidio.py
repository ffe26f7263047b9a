import importlib.util
from dataclasses import dataclass

import pytest

from llmkit.guardrails.presidio import PresidioMissing, PresidioRedactor


@dataclass
class Result:
    entity_type: str
    start: int
    end: int
    score: float = 0.9


class Analyzer:
    """Finds what it is told to, like Presidio's engine."""

    def __init__(self, *results):
        self.results = results
        self.asked = []

    def analyze(self, text, language, *, score_threshold):
        self.asked.append((language, score_threshold))
        return [result for result in self.results if result.score >= score_threshold]


def test_its_findings_are_added_to_ours_under_our_names():
    analyzer = Analyzer(Result("US_PASSPORT", 9, 18), Result("EMAIL_ADDRESS", 24, 31), Result("DATE_TIME", 0, 8))
    redacted = PresidioRedactor(analyzer).redact("Passport 912803456, mail a@b.org")
    assert redacted.text == "Passport [us_passport], mail [email]"
    assert redacted.found == {"us_passport": 1, "email": 1}
    assert analyzer.asked == [("en", 0.5)]


def test_uncertain_findings_are_left():
    assert PresidioRedactor(Analyzer(Result("US_PASSPORT", 0, 4, 0.1))).redact("1234 x").text == "1234 x"


@pytest.mark.skipif(importlib.util.find_spec("presidio_analyzer") is not None, reason="the extra is installed")
def test_without_the_extra_it_says_what_to_do():
    with pytest.raises(PresidioMissing, match=r"pip install 'llmkit\[presidio\]'"):
        PresidioRedactor()
