"""Personal data found by Microsoft Presidio, an extra: `pip install 'llmkit[presidio]'`.

It runs without a language model (its `NoOpNlpEngine`), so it knows forms, contexts and checksums, and no names.
"""

from collections.abc import Sequence
from typing import Protocol

from llmkit.guardrails.pii import Finding, Redacted, find, replaced, without_overlaps

_KINDS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IBAN_CODE": "iban",
    "CREDIT_CARD": "card",
    "IP_ADDRESS": "ip",
    "US_SSN": "ssn",
}
_ONLINE = ("EmailRecognizer", "UrlRecognizer")
"""They fetch a list of domains at first use. Our own pattern finds addresses."""
_IGNORED = frozenset({"URL", "DATE_TIME"})
"""Kinds that documents are full of and that name nobody."""


class PresidioMissing(RuntimeError):
    """The extra is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "GUARDRAILS__PII=presidio needs the extra: pip install 'llmkit[presidio]', or set GUARDRAILS__PII=patterns"
        )


class _Result(Protocol):
    entity_type: str
    start: int
    end: int
    score: float


class Analyzer(Protocol):
    """The part of Presidio's `AnalyzerEngine` that is used."""

    def analyze(self, text: str, language: str, *, score_threshold: float) -> Sequence[_Result]:
        """Return findings."""
        ...


class PresidioRedactor:
    """Adapter `presidio`: what Presidio finds, and what our own patterns do."""

    def __init__(self, analyzer: Analyzer | None = None, *, least_score: float = 0.5) -> None:
        self._analyzer = analyzer or _make_analyzer()
        self._least_score = least_score

    def redact(self, text: str) -> Redacted:
        """Replace findings by `[kind]`; kinds of Presidio alone keep its name in lower case (`[us_passport]`)."""
        results = self._analyzer.analyze(text, "en", score_threshold=self._least_score)
        theirs = [
            Finding(result.start, result.end, _KINDS.get(result.entity_type, result.entity_type.lower()))
            for result in results
            if result.entity_type not in _IGNORED
        ]
        return replaced(text, without_overlaps([*find(text), *theirs]))


def _make_analyzer() -> Analyzer:
    try:
        from presidio_analyzer import AnalyzerEngine  # type: ignore[import-not-found]  # an extra
        from presidio_analyzer.nlp_engine import NoOpNlpEngine  # type: ignore[import-not-found]  # the same
    except ImportError as error:
        raise PresidioMissing from error
    nothing = NoOpNlpEngine([{"lang_code": "en", "model_name": "none"}])
    engine = AnalyzerEngine(nlp_engine=nothing, supported_languages=["en"])
    for name in _ONLINE:
        engine.registry.remove_recognizer(name)
    analyzer: Analyzer = engine
    return analyzer
