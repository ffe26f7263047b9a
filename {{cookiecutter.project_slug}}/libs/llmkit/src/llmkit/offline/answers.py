"""Answering from passages: the best supported units, cited, or an honest "I do not know"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llmkit.language.german import asks_in_german
from llmkit.offline.evidence import Corpus, Scored
from llmkit.offline.phrasing import phrase
from llmkit.offline.questions import Kind, Part, parts_of
from llmkit.offline.request import SourcePassage
from llmkit.offline.units import UnitKind

ENOUGH = 0.66
"""Share of a question's words, by weight, below which there is no answer."""
ENOUGH_FOR_COMMAND = 0.5
ADDS = 0.18
"""Share of the question's words that a further unit must bring."""
MOST_UNITS = 3
LONGEST_LIST = 6


@dataclass(frozen=True, slots=True)
class _Wording:
    """How it is said that there is no answer, in one language."""

    no_passage: str
    no_answer: str
    nothing_about: str
    missing_part: str


_WORDING = {
    False: _Wording(
        "I do not know: there is no passage to answer from.",
        "I do not know: the passages do not answer this question.",
        "I do not know: the passages say nothing about {}.",
        "The passages do not say {}.",
    ),
    True: _Wording(
        "Ich weiß es nicht: Es gibt keine Textstelle, die antworten könnte.",
        "Ich weiß es nicht: Die Textstellen beantworten diese Frage nicht.",
        "Ich weiß es nicht: Die Textstellen sagen nichts über {}.",
        "Die Textstellen sagen nicht: {}?",
    ),
}
"""By whether the question is German."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the passages say, or that they say nothing."""

    text: str
    support: float
    chosen: tuple[Scored, ...] = ()

    @property
    def abstained(self) -> bool:
        """Whether no passage supports an answer."""
        return not self.chosen


def answer(question: str, passages: Sequence[SourcePassage]) -> Answer:
    """Answer a question, part by part, each sentence with the `[id]` of its passage."""
    if not passages:
        return Answer(_WORDING[asks_in_german(question)].no_passage, 0.0)
    wording = _WORDING[asks_in_german(question)]
    corpus = Corpus(passages)
    parts = parts_of(question)
    answered = [(part, _choose(corpus, part)) for part in parts]
    found = [(part, chosen) for part, chosen in answered if chosen]
    if not found or sum(part.total for part, _ in found) < 0.3 * sum(part.total for part in parts):
        return Answer(
            _abstention(parts, corpus, wording), max((_support(chosen) for _, chosen in answered), default=0.0)
        )
    unique = list({item.place.order: item for _, chosen in found for item in chosen}.values())
    missing = [part for part, chosen in answered if not chosen]
    lines = [phrase(corpus, item) for item in unique]
    if missing:
        lines.append(wording.missing_part.format(missing[0].text.rstrip("?")))
    separator = "\n" if any("\n" in line or line.startswith("- ") for line in lines) else " "
    return Answer(separator.join(lines), min(_support(chosen) for _, chosen in found), tuple(unique))


def _support(chosen: Sequence[Scored]) -> float:
    return min(1.0, max((item.support for item in chosen), default=0.0))


def _choose(corpus: Corpus, part: Part) -> list[Scored]:
    part = part.with_phrases(corpus.vocabulary)
    ranked = corpus.rank(part)
    enough = ENOUGH_FOR_COMMAND if part.kind is Kind.COMMAND else ENOUGH
    supported = [item for item in ranked[:8] if item.is_meant and item.support >= enough]
    if not supported:
        return _joined(ranked, part)
    best = supported[0]
    if part.kind is Kind.COLLECTION or _is_plural(part):
        members = _members(corpus, best, ranked)
        if members:
            return members
    return [best, *_further(best, ranked, part)]


def _is_plural(part: Part) -> bool:
    return bool(re.match(r"(?:what|which)\b.*\b(?:are|do|does|steps|happens)\b", part.text, re.I))


def _joined(ranked: Sequence[Scored], part: Part) -> list[Scored]:
    """Two units that hold the question's words only together, each with half of them."""
    strong = [item for item in ranked[:6] if item.is_meant and item.support >= 0.45]
    for at, one in enumerate(strong):
        for other in strong[at + 1 :]:
            if one.place.passage != other.place.passage and _together(one, other, part) >= 0.9:
                return [one, other]
    return []


def _together(one: Scored, other: Scored, part: Part) -> float:
    return sum(part.weight(word) * max(one.held[word.stem], other.held[word.stem]) for word in part.words) / part.total


def _further(best: Scored, ranked: Sequence[Scored], part: Part) -> list[Scored]:
    """Units that bring words of the question which those before lack."""
    held = dict(best.held)
    added: list[Scored] = []
    for item in ranked[1:6]:
        gains = (part.weight(word) * max(0.0, item.held[word.stem] - held[word.stem]) for word in part.words)
        gain = sum(gains) / part.total
        if gain >= ADDS and item.score >= 0.6 * best.score and len(added) < MOST_UNITS - 1:
            added.append(item)
            held = {name: max(value, item.held[name]) for name, value in held.items()}
    return added


def _members(corpus: Corpus, best: Scored, ranked: Sequence[Scored]) -> list[Scored]:
    """All items of the list that holds the best one, or that it announces, when they are few."""
    by_order = {item.place.order: item for item in ranked}
    place = best.place
    block = place.unit.block if place.unit.kind is UnitKind.ITEM else place.unit.block + 1
    items = [
        other
        for other in corpus.places
        if other.passage == place.passage and other.unit.block == block and other.unit.kind is UnitKind.ITEM
    ]
    if not 1 < len(items) <= LONGEST_LIST:
        return []
    if (
        place.unit.kind is UnitKind.ITEM
        and best.score
        > 0.5 + sorted(by_order[item.order].score if item.order in by_order else 0.0 for item in items)[-2]
    ):
        return []
    if place.unit.kind is not UnitKind.ITEM and not place.unit.text.rstrip("*_ ").endswith(":"):
        return []
    return [by_order.get(item.order, Scored(item, 0.0, best.support)) for item in items]


def _abstention(parts: Sequence[Part], corpus: Corpus, wording: _Wording) -> str:
    """One sentence; it names what was looked for in vain, when that can be said."""
    missing = [
        word.raw
        for part in parts
        for word in part.words
        if word.weight >= 1.0 and not ({word.stem, *word.parts} & corpus.vocabulary)
    ]
    if missing:
        return wording.nothing_about.format(", ".join(dict.fromkeys(missing[:3])))
    return wording.no_answer
