"""Passages that say the same twice: the same file under two names, or text that a document repeats."""

import re
import string
from dataclasses import dataclass
from functools import cached_property

SAME = 0.9
"""Share of the words of both texts that they have in common. Found by trying on repeated page furniture."""
_DIGITS = re.compile(r"\d+")
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "…“”‘’«»–—", " "))  # noqa: RUF001 - dashes and quotes


class SeenTexts:
    """Remembers the texts that were taken. Texts with other numbers are never the same: tables differ only there."""

    def __init__(self) -> None:
        self._seen: list[_Text] = []

    def is_new(self, text: str) -> bool:
        """Remember a text, unless one that says the same is known."""
        new = _Text(text, frozenset(_DIGITS.findall(text)))
        if any(new.says_the_same_as(other) for other in self._seen):
            return False
        self._seen.append(new)
        return True


@dataclass(frozen=True)
class _Text:
    """A text whose words are only looked at when another one has the same digits."""

    text: str
    digits: frozenset[str]

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.text.translate(_PUNCTUATION).casefold().split())

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(word for word in self.words if not word.isalpha())

    def says_the_same_as(self, other: "_Text") -> bool:
        return self.digits == other.digits and self.numbers == other.numbers and _alike(self.words, other.words)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    if not one or not other:
        return one == other
    if min(len(one), len(other)) < SAME * max(len(one), len(other)):
        return False  # cheaper than to intersect, and true of most pairs
    return len(one & other) >= SAME * len(one | other)
