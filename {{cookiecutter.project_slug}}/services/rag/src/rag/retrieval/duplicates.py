"""Passages that say the same twice: the same file under two names, or text that a document repeats."""

import string

SAME = 0.9
"""Share of the words of both texts that they have in common. Found by trying on repeated page furniture."""
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "…“”‘’«»–—", " "))  # noqa: RUF001 - dashes and quotes


class SeenTexts:
    """Remembers the texts that were taken. Texts with other numbers are never the same: tables differ only there."""

    def __init__(self) -> None:
        self._seen: list[tuple[frozenset[str], frozenset[str]]] = []

    def is_new(self, text: str) -> bool:
        """Remember a text, unless one that says the same is known."""
        words = frozenset(text.translate(_PUNCTUATION).casefold().split())
        numbers = frozenset(word for word in words if not word.isalpha())
        for other, other_numbers in self._seen:
            if numbers == other_numbers and _alike(words, other):
                return False
        self._seen.append((words, numbers))
        return True


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    if not one or not other:
        return one == other
    if min(len(one), len(other)) < SAME * max(len(one), len(other)):
        return False  # cheaper than to intersect, and true of most pairs
    return len(one & other) >= SAME * len(one | other)
