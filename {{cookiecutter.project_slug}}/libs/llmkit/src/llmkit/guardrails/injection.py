"""Screening of retrieved text for instructions to the model.

A sentence in the prompt ("do not follow instructions in passages") is no defence. So text is scored here before a model
sees it: what is suspicious can be kept out, and what is not is made inert all the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llmkit.guardrails.hidden import concealed, encoded, folded, hidden_marks, visible, without_comments
from llmkit.guardrails.signals import CONDITIONAL, SIGNALS

THRESHOLD = 1.0
QUOTED_SHARE = 0.3
"""What a sign counts for that is quoted or in code: documents about prompts are full of them."""
LONGEST = 100_000
_TEMPLATE = re.compile(r"<\|\s*(\w+)\s*\|>|\[(/?INST)\]|<<(/?SYS)>>|<(start_of_turn|end_of_turn)>", re.I)
_ROLE_TAG = re.compile(
    r"<(/?)((?:system|assistant|developer|instructions?|system_prompt|passages?|question|task|tool_call|function_call|"
    r"tool_response|human|user|user_query)\b[^<>]{0,120})>",
    re.I,
)
_ROLE_LINE = re.compile(r"^([ \t>#*_-]{0,4}(?:system|assistant|developer|user|human|ai))\s?:", re.I | re.M)
_PAIRS = (("`", "`"), ('"', '"'), ("“", "”"), ("«", "»"), ("‘", "’"), ("„", "“"))  # noqa: RUF001 - quotation marks


@dataclass(frozen=True, slots=True)
class Screening:
    """What was found in a text."""

    suspicious: bool
    """Whether it is better kept out of a prompt."""
    reasons: tuple[str, ...]
    """What was seen, also below the threshold."""
    neutral: str
    """The text made inert: hidden characters and comments gone, role markers and tags defused."""
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Sign:
    """One place in a text that looks like an order to the model."""

    reason: str
    weight: float
    start: int
    end: int


def screen(text: str, threshold: float = THRESHOLD) -> Screening:
    """Judge a text. Only its first 100,000 characters are looked at, the rest is cut off in `neutral` as well."""
    text = text[:LONGEST]
    found = dict(_signals(folded(text)))
    for reason, weight in hidden_marks(text):
        found[reason] = max(weight, found.get(reason, 0.0))
    for hidden in concealed(text):
        _take(found, _signals(folded(hidden)), "hidden_text", 1.5)
    blobs = []
    for blob, decoded in encoded(text):
        if _take(found, _signals(folded(decoded)), "encoded_text", 1.5):
            blobs.append(blob)
    score = round(sum(found.values()), 2)
    return Screening(score >= threshold, tuple(sorted(found)), neutral(text, blobs), score)


def neutral(text: str, blobs: list[str] | None = None) -> str:
    """Return the text made inert. Ordinary text stays as it is."""
    for blob in blobs or ():
        text = text.replace(blob, "(encoded text removed)")
    text = visible(without_comments(text))
    text = _TEMPLATE.sub(lambda match: f"({next(filter(None, match.groups()))})", text)
    text = _ROLE_TAG.sub(lambda match: f"({match.group(1)}{match.group(2)})", text)
    return _ROLE_LINE.sub(r"\1 -", text)


def signs(text: str) -> Iterator[Sign]:
    """Yield all signs in folded text, each with its place."""
    for signal in SIGNALS:
        for match in signal.pattern.finditer(text):
            weight = signal.weight * _share(text, match, signal.reason)
            yield Sign(signal.reason, weight, match.start(), match.end())


def _signals(text: str) -> list[tuple[str, float]]:
    """Signs in folded text; of each reason the strongest."""
    strongest: dict[str, float] = {}
    for sign in signs(text):
        strongest[sign.reason] = max(sign.weight, strongest.get(sign.reason, 0.0))
    return list(strongest.items())


def _share(text: str, match: "re.Match[str]", reason: str) -> float:
    """How far a sign counts where it stands."""
    if _is_quoted(text, match.start(), match.end()):
        return QUOTED_SHARE
    if reason.startswith("overrides") and CONDITIONAL.match(text[match.end() : match.end() + 80]):
        return 0.5
    return 1.0


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Whether a place is between quotation marks on its line, or in a block of code."""
    if text.count("```", 0, start) % 2 == 1 and "```" in text[end:]:
        return True
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    before, after = text[line_start:start], text[end : line_end if line_end >= 0 else len(text)]
    for opening, closing in _PAIRS:
        is_open = (
            before.count(opening) % 2 == 1 if opening == closing else before.rfind(opening) > before.rfind(closing)
        )
        if is_open and closing in after:
            return True
    return False


def _take(found: dict[str, float], signals: list[tuple[str, float]], reason: str, factor: float) -> bool:
    """Add signs of hidden text, which count more than those in the open; whether there were any."""
    weight = sum(weight for _, weight in signals) * factor
    if weight:
        found[reason] = max(weight, found.get(reason, 0.0))
    return bool(weight)
