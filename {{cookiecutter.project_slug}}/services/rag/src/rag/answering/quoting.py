"""The words of a passage that a sentence stands on.

A sentence is supported when enough of its content words, and enough of those that the question did not hold already,
stand close together in the passage, and every number of it stands there too. Words match by stem; the ones that do not
match exactly may be a derivation, a synonym or a slip of the pen of a word of the passage.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from llmkit.language.similarity import matches
from llmkit.language.words import Word, content, terms
from rag.retrieval.passages import Passage, Piece

LONGEST_QUOTE = 400
WINDOW = 3
"""Sentences, or lines, that one quote may span."""
CLOSE = 0.05
"""A quote grows by a sentence only if that holds so much more of the claim."""
FAR = 0.1
"""Share by which a word counts less that stands only in the headings or the document's name."""
_BREAK = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[\w`])|\n+")  # noqa: RUF001 - quotation marks
_ENUMERATION = re.compile(r"^\s*(?:[-*+•]|\(?\d{1,3}[.)])\s+")
_DIGIT = re.compile(r"\d")
_RULE = re.compile(r"\|(?: --- \|)+")
"""The line below a table's header."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A part of a passage, exactly as it stands there."""

    text: str
    ordinal: int
    page: int
    support: float
    """Share of the claim's content words, by weight, that the quote and the headings above it hold."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What has to be supported."""

    words: tuple[Word, ...]
    fresh: frozenset[str]
    """Stems of the words that the question did not hold."""
    numbers: frozenset[str]
    """Numbers of the claim that the question did not hold."""

    @classmethod
    def of(cls, text: str, question: str) -> "Claim":
        """Read a sentence; one without content of its own (`Yes.`) claims what the question says."""
        asked = set(terms(question))
        found = tuple(content(_ENUMERATION.sub("", text)))
        if not found:
            return cls(tuple(content(question)), frozenset(), frozenset())
        fresh = frozenset(word.stem for word in found if word.stem not in asked)
        return cls(found, fresh, frozenset(word.stem for word in found if word.stem in fresh and _is_number(word)))


class QuotablePassage:
    """One passage to find quotes in. It is read when it is first cited: most are not, and the model does not wait."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self._likeness: dict[str, dict[str, float]] = {}

    @cached_property
    def _units(self) -> list["_Unit"]:
        return [unit for piece in _pieces(self.passage) for unit in _units_of(piece)]

    @cached_property
    def _around(self) -> frozenset[str]:
        return frozenset(terms(" ".join((*self.passage.heading, self.passage.document_name))))

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return self._around.union(*(unit.terms for unit in self._units))

    def quote(self, claim: Claim, least: float) -> Quote | None:
        """Return the best part of the passage if it holds at least such a share of the claim."""
        if not claim.words or claim.numbers - self._vocabulary:
            return None
        window, support, fresh = self._best(claim)
        if support < least or fresh < least or not window:
            return None
        return _cut(window, support)

    def held(self, claim: Claim) -> dict[str, float]:
        """Return how surely the passage as a whole holds each word of a claim, by stem."""
        return {word.stem: self._match(word, self._vocabulary, frozenset()) for word in claim.words}

    def _best(self, claim: Claim) -> tuple[Sequence["_Unit"], float, float]:
        best: tuple[Sequence[_Unit], float, float] = ((), 0.0, 0.0)
        highest = 0.0
        for window in self._windows():
            held = frozenset[str]().union(*(unit.terms for unit in window))
            columns = frozenset[str]().union(*(unit.columns for unit in window))
            matched = {word.stem: self._match(word, held, self._around, columns) for word in claim.words}
            support = _share(claim.words, matched)
            if support - CLOSE * len(window) > highest - CLOSE:
                fresh = _share([word for word in claim.words if word.stem in claim.fresh], matched)
                best, highest = (window, support, fresh), support - CLOSE * (len(window) - 1)
        return best

    def _windows(self) -> Iterator[Sequence["_Unit"]]:
        for size in range(1, WINDOW + 1):
            for start in range(len(self._units) - size + 1):
                window = self._units[start : start + size]
                # the header of the next table says nothing about the rows above it
                if window[0].piece is window[-1].piece and not any(unit.is_header for unit in window[1:]):
                    yield window

    def _match(
        self, word: Word, held: frozenset[str], around: frozenset[str], columns: frozenset[str] = frozenset()
    ) -> float:
        """How surely the word is among those held, or (a little less) among those around them."""
        if word.stem in held:
            return 1.0
        if word.stem in around:
            return 1.0 - FAR
        if word.stem in columns:
            return 1.0 - 3 * FAR
        if _is_number(word):
            return 0.0
        alike = self._likeness.get(word.raw)
        if alike is None:
            alike = self._likeness[word.raw] = matches(word, self._vocabulary) | _by_parts(word, self._vocabulary)
        return max((sureness for term, sureness in alike.items() if term in held), default=0.0)


@dataclass(frozen=True)
class _Unit:
    """A sentence or line of a piece, by its place in the text."""

    piece: Piece
    start: int
    end: int
    terms: frozenset[str]
    columns: frozenset[str] = frozenset()
    """Of a table's row the terms of the header, which stands above it, however far."""
    is_header: bool = False


def _pieces(passage: Passage) -> Sequence[Piece]:
    return passage.pieces or (Piece(passage.ordinal, passage.page, passage.text),)


def _units_of(piece: Piece) -> list[_Unit]:
    units: list[_Unit] = []
    columns = frozenset[str]()
    start = 0
    for match in [*_BREAK.finditer(piece.text), None]:
        end = match.start() if match else len(piece.text)
        text = piece.text[start:end]
        found = frozenset(terms(text))
        if not text.startswith("|"):
            columns = frozenset()
        elif _RULE.fullmatch(text) and units:
            columns = units[-1].terms
            units[-1] = replace(units[-1], is_header=True)
        if found:
            units.append(_Unit(piece, start, end, found, columns))
        start = match.end() if match else end
    return units


def _by_parts(word: Word, vocabulary: frozenset[str]) -> dict[str, float]:
    """A compound is held by a text that has all its parts."""
    return dict.fromkeys(word.parts, 1.0) if word.parts and vocabulary.issuperset(word.parts) else {}


def _is_number(word: Word) -> bool:
    return not word.parts and bool(_DIGIT.match(word.stem))


def _share(claimed: Iterable[Word], matched: dict[str, float]) -> float:
    """Share of the words, by weight, that match. Nothing claimed is wholly supported."""
    total = held = 0.0
    for word in claimed:
        total += word.weight
        held += word.weight * matched[word.stem]
    return held / total if total else 1.0


def _cut(window: Sequence[_Unit], support: float) -> Quote:
    first, last = window[0], window[-1]
    text = first.piece.text[first.start : last.end].strip()
    if len(text) > LONGEST_QUOTE:
        space = text.rfind(" ", LONGEST_QUOTE // 2, LONGEST_QUOTE)
        text = text[: space if space > 0 else LONGEST_QUOTE]
    return Quote(text, first.piece.ordinal, first.piece.page_at(first.start), min(1.0, support))
