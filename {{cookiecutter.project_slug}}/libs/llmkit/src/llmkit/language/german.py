"""The little of German that a question needs: that it is German, what carries no content, and compounds."""

from collections.abc import Sequence

from llmkit.language.vocabulary import STOP, read_words
from llmkit.language.words import Word, stem, words

_LITTLE = read_words("german.txt")
_ALSO_ENGLISH = frozenset({"die", "den", "man", "hat", "war", "alt"})
_SURE = _LITTLE - STOP - _ALSO_ENGLISH
_LINKS = ("", "s", "es", "n", "en", "er", "e")
"""What may stand between the two words of a compound: `Kündigung-s-frist`."""
SHORTEST_PART = 4


def asks_in_german(question: str) -> bool:
    """Whether the answer to a question is best given in German."""
    return is_german(words(question))


def is_german(words: Sequence[Word]) -> bool:
    """Whether the small words of a question are German ones, and none is English alone."""
    plain = {word.plain for word in words}
    return bool(plain & _SURE) and not plain & (STOP - _LITTLE)


def without_little(words: Sequence[Word]) -> list[Word]:
    """Return the words of a German question that carry content."""
    return [word for word in words if word.plain not in _LITTLE]


def parts_in(word: Word, vocabulary: frozenset[str]) -> tuple[Word, ...]:
    """Return the two words of a compound that a vocabulary holds only apart (`die Frist für die Kündigung`)."""
    plain = word.plain
    if word.parts or word.stem in vocabulary or not plain.isalpha():
        return ()
    for at in range(len(plain) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        tail = stem(plain[at:])
        heads = (plain[: at - len(link)] for link in _LINKS if plain[:at].endswith(link))
        head = next((each for each in heads if len(each) >= SHORTEST_PART and stem(each) in vocabulary), "")
        if head and tail in vocabulary:
            return Word(head, stem(head), (), word.start), Word(plain[at:], tail, (), word.start + at)
    return ()
