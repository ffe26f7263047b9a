"""The little of German that a question needs: which of its words carry no content."""

from collections.abc import Sequence

from llmkit.language.vocabulary import STOP, read_words
from llmkit.language.words import Word

_LITTLE = read_words("german.txt")
_ALSO_ENGLISH = frozenset({"die", "den", "man", "hat", "war", "alt"})
_SURE = _LITTLE - STOP - _ALSO_ENGLISH


def is_german(words: Sequence[Word]) -> bool:
    """Whether the small words of a question are German ones, and none is English alone."""
    plain = {word.plain for word in words}
    return bool(plain & _SURE) and not plain & (STOP - _LITTLE)


def without_little(words: Sequence[Word]) -> list[Word]:
    """Return the words of a German question that carry content."""
    return [word for word in words if word.plain not in _LITTLE]
