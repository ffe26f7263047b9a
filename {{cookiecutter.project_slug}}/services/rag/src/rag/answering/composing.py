"""The answer while it is written: citations are checked when their marker is complete, active content is cleaned."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from llmkit.language.sentences import sentences
from rag.answering.quoting import Claim, QuotablePassage, Quote
from rag.answering.scanning import Kind, Scanned, Scanner, numbers_of
from rag.retrieval.passages import Passage

Clean: TypeAlias = Callable[[str], str]
"""Takes out of a text what the output policy forbids."""
_ENDS = ".!?… "
_MARKERS = re.compile(r"\s*\[\d{1,3}\]")
_FENCED = re.compile(r"```[^\n`]*\n?(.*?)\n?```\s*$", re.S)


@dataclass(frozen=True, slots=True)
class Citation:
    """A marker that was checked."""

    marker: int
    passage: Passage
    quote: Quote


@dataclass(frozen=True, slots=True)
class Draft:
    """What came of a stream of tokens."""

    text: str
    citations: tuple[Citation, ...]
    """Of each marker the best quote, in the order in which they are first used."""
    removed: int
    support: float
    """Share of the content words, by weight, that the cited passages hold."""


class Composer:
    """Writes one answer. What it has given out once never changes."""

    def __init__(self, passages: Sequence[Passage], question: str, *, least: float, clean: Clean) -> None:
        self._passages = [QuotablePassage(passage) for passage in passages]
        self._question = question
        self._least = least
        self._clean = clean
        self._scanner = Scanner()
        self._text = ""
        self._removed = 0
        self._citations: dict[int, Citation] = {}
        self._cited: dict[str, frozenset[int]] = {}
        """Sentences, without their full stops, with the markers that were kept for them."""

    @property
    def text(self) -> str:
        """What was given out so far."""
        return self._text

    def feed(self, text: str) -> str:
        """Take a piece of the model's answer, and return what may be shown now."""
        return "".join([self._write(piece) for piece in self._scanner.feed(text)])

    def finish(self) -> str:
        """Return what was held back."""
        return "".join([self._write(piece) for piece in self._scanner.finish()])

    def draft(self) -> Draft:
        """Return the whole answer, judged, and cleaned once more: some constructs show only in the whole."""
        return Draft(self._clean(self._text).strip(), tuple(self._citations.values()), self._removed, self._support())

    def _write(self, piece: Scanned) -> str:
        if piece.kind is Kind.MARKER:
            kept = self._checked(numbers_of(piece.text))
            shown = piece.gap + "".join(f"[{number}]" for number in kept) if kept else ""
        elif piece.kind is Kind.ACTIVE:
            shown = piece.gap + self._cleaned(piece.text)
        else:
            shown = piece.gap + piece.text
        self._text += shown
        return shown

    def _cleaned(self, text: str) -> str:
        """Clean a construct; of a link whose label was given out already only the target is at hand."""
        if not text.startswith("]("):
            return self._clean(text)
        whole = f"[label{text}"
        return text if self._clean(whole) == whole else "]"

    def _checked(self, numbers: Sequence[int]) -> list[int]:
        """Return the markers that the passages support for the sentence before them."""
        sentence = last_sentence(self._text)
        claim = Claim.of(sentence, self._question)
        kept = []
        for number in numbers:
            quote = self._passages[number - 1].quote(claim, self._least) if 0 < number <= len(self._passages) else None
            if quote is None:
                self._removed += 1
                continue
            kept.append(number)
            known = self._citations.get(number)
            if known is None or quote.support > known.quote.support:
                self._citations[number] = Citation(number, self._passages[number - 1].passage, quote)
        if kept:
            key = sentence.rstrip(_ENDS)
            self._cited[key] = self._cited.get(key, frozenset()) | frozenset(kept)
        return kept

    def _support(self) -> float:
        total = held = 0.0
        everywhere = frozenset(self._citations)
        for sentence in _sentences(self._text):
            claim = Claim.of(sentence, "")
            numbers = self._cited.get(sentence.rstrip(_ENDS), everywhere)
            found = [self._passages[number - 1].held(claim) for number in numbers]
            for word in claim.words:
                total += word.weight
                held += word.weight * max((each[word.stem] for each in found), default=0.0)
        return round(held / total, 4) if total else 0.0


def last_sentence(text: str) -> str:
    """Return the sentence, list item, table row or code that a marker at the end of the text belongs to."""
    plain = _MARKERS.sub("", text).rstrip()
    fenced = _FENCED.search(plain)
    if fenced:
        return " ".join(fenced.group(1).split())
    found = sentences(plain.rpartition("\n")[2])
    return found[-1] if found else ""


def _sentences(text: str) -> list[str]:
    plain = _MARKERS.sub("", text).strip()
    return [sentence for line in plain.splitlines() for sentence in sentences(line)]
