"""What happened when a question was asked, in the terms of the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rag.retrieval.passages import Passage


@dataclass(frozen=True, slots=True)
class Spot:
    """What stands where in which document."""

    document: str
    page: int
    page_end: int
    heading: tuple[str, ...]
    """Those above the text, the highest first; a text that runs over a heading has only those above both parts."""
    text: str

    @classmethod
    def of(cls, passage: Passage) -> "Spot":
        """Return a passage in the terms of the metrics."""
        return cls(passage.document_name, passage.page, passage.page_end, passage.heading, passage.text)


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation that the service has let pass, and what it points to."""

    marker: int
    spot: Spot


@dataclass(frozen=True, slots=True)
class Given:
    """An answer."""

    text: str
    abstained: bool
    citations: tuple[Citation, ...] = ()
    invented: int = 0
    """Citations that the service had to remove."""
    model: str = ""
    prompt: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    cache: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge, itself a model, says about an answer."""

    correct: bool
    grounded: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One question: what was found, what was answered, what went wrong."""

    passages: tuple[Passage, ...] = ()
    given: Given | None = None
    """None when only retrieval is evaluated, or after an error."""
    verdict: Verdict | None = None
    error: str | None = None
    """Code of the problem that stopped the question."""
    search_ms: float = 0.0
    answer_ms: float = 0.0
