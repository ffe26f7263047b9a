"""What text looks like that speaks to a model instead of a reader: patterns in several languages, each with a weight.

A weight of 1 is enough on its own; weaker signs have to come together. Patterns see text in lower case, with hidden
characters removed and look-alike letters folded. They are data: `data/orders.txt` and `data/signals.txt`.
"""

import re
from dataclasses import dataclass

from llmkit.language.vocabulary import read_lines


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign."""

    reason: str
    weight: float
    pattern: re.Pattern[str]


CONDITIONAL = re.compile(r"^[^.!?\n]{0,60}?\b(?:if you|unless|when you|in case|wenn sie|falls|si vous|si usted)\b")
"""An instruction for some readers ("ignore the instructions above if you use Windows") is one for people."""
_WEAK = "weak"


def _order(line: str) -> Signal:
    """A verb, then in either order something former and something that instructs, close together."""
    language, verbs, former, nouns = line.split("\t")
    gap, within = r"(?:\W+\w+){0,4}?\W+", r"(?:\W+\w+){0,3}?\W+"
    pattern = rf"\b(?:{verbs})\b(?:{gap}(?:{former})\b{within}(?:{nouns})|{gap}(?:{nouns})\b{within}(?:{former}))"
    if language == _WEAK:
        return Signal("overrides_context", 0.6, re.compile(pattern))
    return Signal(f"overrides_instructions:{language}", 1.0, re.compile(pattern))


def _signal(line: str) -> Signal:
    reason, weight, pattern = line.split("\t")
    return Signal(reason, float(weight), re.compile(pattern))


SIGNALS = (
    *(_order(line) for line in read_lines("llmkit.guardrails", "orders.txt")),
    *(_signal(line) for line in read_lines("llmkit.guardrails", "signals.txt")),
)
