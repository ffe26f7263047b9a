"""How alike two words are: the same stem, a synonym, a derivation or a slip of the finger."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from llmkit.language.vocabulary import GENERIC, STOP, SYNONYMS
from llmkit.language.words import Word, stem

SYNONYM = 0.7
DERIVED = 0.75
MISSPELT = 0.92
_COMMON = tuple(word for word in STOP if len(word) >= 4) + tuple(word for word in GENERIC if len(word) >= 6)


def _groups() -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for line in SYNONYMS:
        for member in line.split():
            others = [other for other in line.split() if stem(other) != stem(member)]
            groups.setdefault(stem(member), []).extend(others)
    return {member: tuple(dict.fromkeys(others)) for member, others in groups.items()}


_WORDS = _groups()
_STEMS = {member: frozenset(stem(other) for other in others) for member, others in _WORDS.items()}


def synonyms(stemmed: str) -> frozenset[str]:
    """Return the stems that may stand for this one."""
    return _STEMS.get(stemmed, frozenset())


def other_words(stemmed: str) -> tuple[str, ...]:
    """Return the words themselves that may stand for this stem."""
    return _WORDS.get(stemmed, ())


def matches(
    word: Word, vocabulary: frozenset[str], forms: Callable[[], frozenset[str]] = frozenset
) -> dict[str, float]:
    """Return the terms of a vocabulary that mean this word, each with how surely (0..1].

    `forms` gives the words themselves; they are asked for when a word may be misspelt, because its stem says little.
    """
    found = dict.fromkeys(synonyms(word.stem) & vocabulary, SYNONYM)
    found |= {term: DERIVED for term in vocabulary if _derived(word.stem, term)}
    if word.plain.startswith("un") and (positive := stem(word.plain[2:])) in vocabulary:
        found[positive] = DERIVED
    if word.stem in vocabulary:
        found[word.stem] = 1.0
    elif not word.parts and word.plain.isalpha():
        found |= dict.fromkeys(_slips(word.stem, vocabulary), MISSPELT)
        found |= {stem(form): MISSPELT for form in _slips(word.plain, forms())}
    return found


def _derived(one: str, other: str) -> bool:
    if one[:3] != other[:3] or one == other:
        return False
    short, long = sorted((one, other), key=len)
    common = _common_prefix(short, long)
    return common >= 5 and common >= len(short) - 2 and len(long) - common <= 3 and one.isalpha() and other.isalpha()


def _common_prefix(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _slips(word: str, others: Iterable[str]) -> list[str]:
    return [other for other in others if other.isalpha() and is_slip(word, other)]


@lru_cache(maxsize=100_000)
def is_slip(one: str, other: str) -> bool:
    """Whether one is the other with a letter (two in long words) wrong, missing, added or swapped."""
    allowed = 1 if max(len(one), len(other)) < 8 else 2
    if min(len(one), len(other)) < 4 or abs(len(one) - len(other)) > allowed or one[0] != other[0]:
        return False
    if len(one) == len(other) == 4 and sorted(one) != sorted(other):
        return False  # `port` is no slip of `post`, `prot` is one of `port`
    return distance(one, other, allowed) <= allowed


def is_common(plain: str) -> bool:
    """Whether a word is a slip of one that carries little: `wich`, `waht`, `hapens`."""
    return _common_slip(plain) if plain.isalpha() and len(plain) >= 3 else False


@lru_cache(maxsize=10_000)
def _common_slip(plain: str) -> bool:
    limit = 1 if len(plain) < 8 else 2
    return any(
        abs(len(common) - len(plain)) <= limit and common[0] == plain[0] and distance(plain, common, limit) <= limit
        for common in _COMMON
    )


def distance(one: str, other: str, limit: int) -> int:
    """Return the number of edits (a swap of neighbours counts as one), or `limit + 1` when there are more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        current = [i]
        for j, b in enumerate(other, start=1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, row = row, current
    return min(row[-1], limit + 1)
