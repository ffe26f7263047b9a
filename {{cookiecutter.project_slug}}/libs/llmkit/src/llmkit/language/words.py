"""Words of a text, as they are compared: lower case, stemmed, compounds also in their parts."""

import re
from dataclasses import dataclass
from functools import lru_cache

from py_rust_stemmers import SnowballStemmer  # type: ignore[import-untyped]  # a Rust module without stubs

from llmkit.language.vocabulary import GENERIC, IRREGULAR, STOP, VERBS

GENERIC_WEIGHT, VERB_WEIGHT, NAME_WEIGHT = 0.35, 0.55, 1.4
_COMPOUND = re.compile(r"\w+(?:[-./:'\u2019]\w+|(?<=\d),\d{3}(?!\d))*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_POSSESSIVE = re.compile(r"['\u2019]s?$")
_PART = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_STEMMER = SnowballStemmer("english")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it stands in a text."""

    raw: str
    stem: str
    parts: tuple[str, ...] = ()
    """Stems of the parts of a compound (`HTTP__PORT`, `run.md`, `MaxRetries`), then steps of a path; else empty."""
    start: int = 0

    @property
    def plain(self) -> str:
        """The word in lower case."""
        return self.raw.lower()

    @property
    def is_stop(self) -> bool:
        """Whether it carries structure and no content."""
        return self.plain in STOP

    @property
    def is_name(self) -> bool:
        """Whether it looks like an identifier, an acronym, a number or a proper name."""
        if self.parts and "-" not in self.raw:
            return True
        return self.raw != self.plain or " " in self.raw or has_digit(self.raw)

    @property
    def weight(self) -> float:
        """How much it says about what a text is about, before any text is known."""
        plain = self.plain
        if plain in STOP:
            return 0.0
        if plain in GENERIC or self.stem in GENERIC_STEMS:
            return GENERIC_WEIGHT
        if self.is_name:
            return NAME_WEIGHT if len(self.raw) > 1 else 1.0
        return VERB_WEIGHT if self.stem in VERB_STEMS else 1.0


def has_digit(word: str) -> bool:
    """Whether there is a digit in a word; most have letters only, which is quick to see."""
    return not word.isalpha() and any(character.isdigit() for character in word)


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the stem of a word in lower case; numbers and words with digits stay as they are."""
    word = IRREGULAR.get(word, word)
    if len(word) < 3 or has_digit(word):
        return word
    return str(_STEMMER.stem_word(word))


GENERIC_STEMS = frozenset(stem(word) for word in GENERIC)
VERB_STEMS = frozenset(stem(word) for word in VERBS)


def words(text: str) -> list[Word]:
    """Return the words of a text in order; a possessive `'s` is left out, and so are lone underscores."""
    return [as_word(match.group(), match.start()) for match in _COMPOUND.finditer(text) if match.group().strip("_")]


def as_word(raw: str, start: int = 0) -> Word:
    """Return a word that was cut out of a text, with its stem and its parts."""
    if raw.isalpha() and raw.islower():  # most words: nothing of what follows is in them
        return Word(raw, stem(raw), (), start)
    if _NUMBER.fullmatch(raw):
        return Word(raw, raw.replace(",", "") if _THOUSANDS.fullmatch(raw) else raw, (), start)
    trimmed = _POSSESSIVE.sub("", raw)
    stemmed, parts = _analysed(trimmed)
    return Word(trimmed, stemmed, parts, start)


@lru_cache(maxsize=50_000)
def _analysed(raw: str) -> tuple[str, tuple[str, ...]]:
    parts = [part.lower() for piece in _PART.findall(raw) for part in _CAMEL.split(piece)]
    whole = raw.lower().strip("_").replace("\u2019", "'")
    if len(parts) < 2:
        return stem(parts[0] if parts else whole), ()
    steps = [step for step in re.split(r"[/:]", whole) if step != whole and not step.isalpha()]
    return whole, (*(stem(part) for part in parts), *steps)


def terms(text: str) -> list[str]:
    """Return stems of all content words; a compound gives itself, its parts and the steps of its path."""
    return [term for raw in _COMPOUND.findall(text) for term in _terms_of(raw)]


@lru_cache(maxsize=100_000)
def _terms_of(raw: str) -> tuple[str, ...]:
    word = as_word(raw)
    return () if word.is_stop else (word.stem, *word.parts)


def forms(text: str) -> frozenset[str]:
    """Return the words of a text in lower case, as they are written."""
    return frozenset(raw.lower() for raw in _COMPOUND.findall(text))


def content(text: str) -> list[Word]:
    """Return the words that carry content, each stem once, in order."""
    seen: dict[str, Word] = {}
    for word in words(text):
        if not word.is_stop:
            seen.setdefault(word.stem, word)
    return list(seen.values())
