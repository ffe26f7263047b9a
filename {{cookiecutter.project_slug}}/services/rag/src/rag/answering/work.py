"""One question under way: what is known about it so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmkit.call import PromptRef
from rag.answering.context import Packed
from rag.answering.question import Question
from rag.retrieval.passages import Found, Passage
from rag.retrieval.timings import Timings


@dataclass
class Work:
    """Filled in from step to step."""

    question: Question
    timings: Timings
    found: Found
    packed: Packed
    prompt: PromptRef | None = None
    """Set when a model was asked."""
    reports: list[Mapping[str, object]] = field(default_factory=list)
    """Of all model calls; the last is the one that answered."""

    @property
    def passages(self) -> tuple[Passage, ...]:
        """What the model reads, in the order of their numbers."""
        return self.packed.passages
