"""How well each unit of the passages supports a question: by words in it and around it, and by the kind of answer."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from llmkit.language.similarity import matches
from llmkit.language.words import NAME_WEIGHT, Word, forms, terms
from llmkit.offline.kinds import holds
from llmkit.offline.measures import is_measured
from llmkit.offline.places import Place, places_of
from llmkit.offline.questions import Kind, Part
from llmkit.offline.request import SourcePassage
from llmkit.offline.units import Unit, UnitKind

RANKING = {"unit": 1.0, "intro": 0.75, "heading": 0.8, "document": 0.4, "before": 0.4, "after": 0.3, "passage": 0.1}
"""What a word counts for, by where it stands, when units are compared."""
SUPPORT = {"unit": 1.0, "intro": 0.95, "heading": 0.9, "document": 0.7, "before": 0.8, "after": 0.7, "passage": 0.2}
"""The same when it is decided whether there is an answer at all: context may hold most of the question."""
KIND_BONUS = 0.14
KIND_PENALTY = 0.12
MISSING, MISSING_NAME, UNSPOKEN = 1.6, 2.4, 0.4
"""What a word of the question counts for that is nowhere near: of weight, a name, and the category of the answer."""
STRICT = frozenset({Kind.COMMAND, Kind.CALENDAR, Kind.MONEY, Kind.AMOUNT, Kind.PERSON})
_DRAWING = re.compile(r"[\u2500-\u257f\u25a0-\u25ff].*[\u2500-\u257f\u25a0-\u25ff]", re.S)
_IS_A = re.compile(
    r"(?:an? |the )?[\"\u201c'`*]*[\w./-]+(?: [\w./-]+){0,2}[\"\u201d'`*]* (?:is|are|means?|denotes?) (?:an? |the )",
    re.I,
)
"""`A "warden" is a node that …`"""
_COSTS = re.compile(r"\b(?:costs?|prices?|fees?|charges?)\b[^.]*\d", re.I)
"""Not everything is paid for with money: `costs 25 µs`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A place among all passages of a prompt."""

    passage: int
    order: int
    """Among all units of all passages."""
    place: Place
    document: frozenset[str]
    """Terms of the document's name."""

    @property
    def unit(self) -> Unit:
        """The unit that stands there."""
        return self.place.unit

    def terms(self, field: str) -> frozenset[str]:
        """Return the terms of a field of `RANKING`."""
        return self.document if field == "document" else self.place.fields[field]


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit as an answer to one part of a question."""

    place: Found
    score: float
    support: float
    """Share of the question's words, by weight, that the unit and its surroundings hold (0..1)."""
    held: Mapping[str, float] = field(default_factory=dict)
    """For each word of the question how surely the unit itself holds it."""
    is_meant: bool = True
    """False of a table's row that shares only column names with the question."""


class Corpus:
    """The passages of a prompt, ready to be asked."""

    def __init__(self, passages: Sequence[SourcePassage]) -> None:
        self.passages = tuple(passages)
        self.places: list[Found] = []
        for number, passage in enumerate(passages):
            document = frozenset(terms(passage.document))
            for place in places_of(passage.text):
                self.places.append(Found(number, len(self.places), place, document))
        self._frequencies = Counter(term for found in self.places for term in found.terms("unit"))
        self.vocabulary = frozenset(term for found in self.places for name in RANKING for term in found.terms(name))

    def rank(self, part: Part) -> list[Scored]:
        """Return all units that hold at least one word of a question, the best answer first."""
        joined = part.joined
        similar = {word.stem: self._similar(word, joined.get(word.stem, frozenset())) for word in part.words}
        weights = {word.stem: part.weight(word) for word in part.words}
        idf = {name: self._idf(found) for name, found in similar.items()}
        scored = [self._score(found, part, similar, weights, idf) for found in self.places]
        kept = [item for item in scored if any(item.held.values()) or item.support > 0.5]
        return sorted(kept, key=lambda item: (-item.score, item.place.order))

    def _similar(self, word: Word, joined: frozenset[str]) -> dict[str, float]:
        found = matches(word, self.vocabulary, self._forms) | dict.fromkeys(joined & self.vocabulary, 1.0)
        if word.parts and not found and all(part in self.vocabulary for part in word.parts):
            found = dict.fromkeys(word.parts, 0.9 / len(word.parts))
        return found

    def _forms(self) -> frozenset[str]:
        return frozenset(form for passage in self.passages for form in forms(passage.text))

    def _idf(self, found: Mapping[str, float]) -> float:
        frequency = max((self._frequencies[term] for term in found), default=0)
        return 0.35 + math.log((1 + len(self.places)) / (1 + frequency)) / math.log(2 + len(self.places))

    def _score(
        self,
        place: Found,
        part: Part,
        similar: Mapping[str, Mapping[str, float]],
        weights: Mapping[str, float],
        idf: Mapping[str, float],
    ) -> Scored:
        strengths = {name: _strengths(name, found, place, weights[name]) for name, found in similar.items()}
        ranked = sum(weights[name] * idf[name] * _best(strength, RANKING) for name, strength in strengths.items())
        ranked /= sum(weights[name] * idf[name] for name in weights) or 1.0
        support = _support(strengths, weights, part) - _lack(place.unit, part) if _is_about(strengths, weights) else 0.0
        held = {name: strength["unit"] for name, strength in strengths.items()}
        score = ranked + _closeness(place, similar) + _fit(place.unit, part, held) - _length_penalty(place)
        return Scored(place, score, support, held, _is_meant(place, part, similar, weights))


def _support(strengths: Mapping[str, Mapping[str, float]], weights: Mapping[str, float], part: Part) -> float:
    """Share of the words that are found. One of weight that is nowhere near counts more, a category's name hardly."""
    best = {name: _best(strength, SUPPORT) for name, strength in strengths.items()}
    total = 0.0
    for name, sure in best.items():
        absent = UNSPOKEN if name in part.categories else _absent(weights[name])
        total += weights[name] * (1.0 if sure else absent)
    return sum(weights[name] * sure for name, sure in best.items()) / (total or 1.0)


def _absent(weight: float) -> float:
    if weight >= NAME_WEIGHT:
        return MISSING_NAME
    return MISSING if weight >= 1 else 1.0


def _is_about(strengths: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]) -> bool:
    """Whether a word of weight, other than a number, stands in the unit or above it, and not only beside it."""
    core = [name for name in strengths if weights[name] >= 1 and not name[0].isdigit()] or list(strengths)
    return any(strengths[name][place] for name in core for place in ("unit", "intro", "heading", "document"))


def _is_meant(
    place: Found, part: Part, similar: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]
) -> bool:
    """Whether a row of a table is the one that is asked for: what names only its columns names every other row too."""
    if part.kind is Kind.COLLECTION or len(place.unit.cells) < 2:
        return True
    cells = frozenset(term for _, value in place.unit.cells for term in terms(value))
    measured = any(is_measured(name, value) for name in weights for _, value in place.unit.cells)
    return measured or any(weights[name] >= 1 and not cells.isdisjoint(found) for name, found in similar.items())


def _lack(unit: Unit, part: Part) -> float:
    """A number, a date or a sum of money that is asked for and not there; it speaks for the unit when it is."""
    if part.kind not in STRICT:
        return 0.0
    if holds(unit.text, part.kind) or (part.kind is Kind.MONEY and _COSTS.search(unit.text)):
        return -0.06
    return 0.25 if part.kind is Kind.PERSON else 0.5


def _strengths(word: str, found: Mapping[str, float], place: Found, weight: float) -> dict[str, float]:
    """How surely each field holds a word. Names and numbers have to stand where they count: elsewhere are others."""
    strength = {
        name: max((sure for term, sure in found.items() if term in place.terms(name)), default=0.0) for name in RANKING
    }
    if weight >= NAME_WEIGHT:
        strength["passage"] = 0.0
    if word[0].isdigit():
        strength |= {"after": 0.0, "passage": 0.0}
    if is_measured(word, place.unit.text):
        strength["unit"] = max(strength["unit"], 0.85)
    return strength


def _best(strength: Mapping[str, float], credit: Mapping[str, float]) -> float:
    return max(strength[name] * credit[name] for name in credit)


def _closeness(place: Found, similar: Mapping[str, Mapping[str, float]]) -> float:
    """Up to 0.12 when words that follow each other in the question do so in the unit."""
    names = list(similar)
    positions = {name: [at for at, term in enumerate(place.place.sequence) if term in similar[name]] for name in names}
    pairs = list(pairwise(names))
    near = sum(any(0 < abs(b - a) <= 3 for a in positions[one] for b in positions[other]) for one, other in pairs)
    return 0.12 * near / len(pairs) if pairs else 0.0


def _fit(unit: Unit, part: Part, held: Mapping[str, float]) -> float:
    if unit.text.rstrip("*_ ").endswith("?") or _DRAWING.search(unit.text):
        return -0.6
    if part.kind is Kind.METHOD:
        return 0.12 if unit.kind is UnitKind.CODE or holds(unit.text, part.kind) else 0.0
    if part.kind is Kind.DEFINITION:
        return _defines(unit, part, held)
    if unit.kind is UnitKind.CODE and part.kind is not Kind.COMMAND:
        return -0.1
    fits = holds(unit.text, part.kind)
    return 0.0 if fits is None else KIND_BONUS if fits else -KIND_PENALTY


def _defines(unit: Unit, part: Part, held: Mapping[str, float]) -> float:
    """A definition begins with what it defines, or has it in brackets."""
    opening = terms(" ".join(unit.text.split()[:6]))
    bracketed = terms(" ".join(re.findall(r"\((?:the |an? )?([\w ]+)", unit.text)))
    asked = {word.stem for word in part.words if word.weight > 0.5 and held[word.stem]}
    if asked & set(opening[:1]) or asked & set(bracketed):
        return 0.3 if unit.text[:1] in '`*"' or _IS_A.match(unit.text) else 0.22
    return 0.1 if asked & set(opening) else 0.0


def _length_penalty(place: Found) -> float:
    length = len(place.unit.text)
    if place.unit.kind is not UnitKind.CODE and length < 25:
        return 0.08
    return min(0.15, max(0, length - 260) / 2500)
