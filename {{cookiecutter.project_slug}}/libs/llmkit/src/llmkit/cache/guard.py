"""Whether two questions that look alike to an embedder really ask the same.

Embedders put "revenue in 2023" beside "revenue in 2024", "with" beside "without", and one company beside another. Such
a pair must never share an answer. So everything that can carry the difference has to agree: numbers, negations, words
of opposite meaning, names, the order of things, and every word that says what the question is about has to have its
counterpart on the other side. All doubt ends in a miss, which costs a call and never a wrong answer.
"""

import re
from collections import Counter
from collections.abc import Sequence

from llmkit.cache.vocabulary import DECISIVE, NEGATIONS, NUMBERS, SAME
from llmkit.language.similarity import is_slip
from llmkit.language.words import Word, stem, words

_CONTRACTED = re.compile(r"n['\u2019]t$", re.IGNORECASE)
_FIGURE = re.compile(r"(?<!\w)-?\d+(?:[.,:/]\d+)*|\d+")
_SYMBOL = re.compile(r"[-+#%$€£&@*=<>^~°§](?!\w)|[+#%$€£&@*=<>^~°§]")
"""What `words` leaves out and what may be all the difference: `C` and `C++`, `5` and `5 %`."""
_GROUPS = {stem(word): number for number, line in enumerate(SAME) for word in line.split()}
LIGHT = 0.5
"""Weight below which a word says nothing about what a question is about: `tell`, `please`, `information`."""
LONG = 5
"""Letters from which a slip of the finger is taken for one; shorter words are too often other words."""


def same_question(one: str, other: str) -> bool:
    """Whether an answer to one question may be given to the other."""
    first, second = words(one), words(other)
    return (
        _numbers(one, first) == _numbers(other, second)
        and Counter(_SYMBOL.findall(one)) == Counter(_SYMBOL.findall(other))
        and _negations(first) == _negations(second)
        and _decisive(first) == _decisive(second)
        and _names(first) <= _spellings(second)
        and _names(second) <= _spellings(first)
        and _same_things(_content(first), _content(second))
    )


def _numbers(text: str, found: Sequence[Word]) -> Counter[str]:
    written = Counter(figure.replace(",", "") for figure in _FIGURE.findall(text))
    return written + Counter(NUMBERS[word.plain] for word in found if word.plain in NUMBERS)


def _negations(found: Sequence[Word]) -> int:
    return sum(word.plain in NEGATIONS or bool(_CONTRACTED.search(word.raw)) for word in found)


def _decisive(found: Sequence[Word]) -> frozenset[str]:
    return frozenset(stem(word.plain) for word in found if word.plain in DECISIVE)


def _names(found: Sequence[Word]) -> frozenset[str]:
    """Words written like names. The first word of a text has its capital anyway, and every word of a shouted one."""
    if all(word.raw == word.raw.upper() for word in found):
        return frozenset()
    named = (word for position, word in enumerate(found) if _is_name(word, first=position == 0))
    return frozenset(word.raw if word.is_stop else word.plain for word in named)


def _is_name(word: Word, *, first: bool) -> bool:
    if word.is_stop:  # `part A`, `the IT budget`, `in the US`
        return word.raw.isupper() and word.raw != "I" and not (first and len(word.raw) == 1)
    return word.raw[1:] != word.raw[1:].lower() if first else word.raw != word.plain


def _spellings(found: Sequence[Word]) -> frozenset[str]:
    return frozenset(spelling for word in found for spelling in (word.plain, word.raw))


def _content(found: Sequence[Word]) -> list[Word]:
    """Return what a question is about, each thing once, in order. Numbers have been compared before."""
    things: dict[str, Word] = {}
    for word in found:
        says_something = word.weight > LIGHT or (word.plain in DECISIVE and not word.is_stop)
        if says_something and not _is_number(word):
            things.setdefault(word.stem, word)
    return list(things.values())


def _is_number(word: Word) -> bool:
    return word.plain in NUMBERS or _FIGURE.fullmatch(word.raw) is not None


def _same_things(one: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether each has its counterpart; three things or more have to come in the same order."""
    if len(one) != len(other):
        return False
    if all(_counterparts(a, b) for a, b in zip(one, other, strict=True)):
        return True
    return len(one) < 3 and {word.stem for word in one} == {word.stem for word in other}


def _counterparts(a: Word, b: Word) -> bool:
    if a.stem == b.stem or (a.stem in _GROUPS and _GROUPS[a.stem] == _GROUPS.get(b.stem)):
        return True
    return min(len(a.raw), len(b.raw)) >= LONG and is_slip(a.plain, b.plain)
